#include "http/json_read.hpp"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <limits>

#include "core/timestamp.hpp"
#include "http/json_duplicates.hpp"

namespace firstcome::http {
namespace {

namespace json = boost::json;

constexpr std::size_t name_bytes_max = 200;
constexpr std::size_t metadata_bytes_max = 16 * 1024;
constexpr std::int64_t ttl_s_max = 3'153'600'000;  // 100 years
constexpr std::int64_t pace_batch_max = 100'000;
constexpr std::int64_t pace_tick_ms_max = 3'600'000;

std::string_view view(const json::string& text) {
  return {text.data(), text.size()};
}
std::string str(json::string_view text) {
  return {text.data(), text.size()};
}

// A member's name as a reply repeats it: what is no name of ours may be of any length.
std::string shown(const std::string& name) {
  constexpr std::size_t shown_max = 100;
  if (name.size() <= shown_max) return name;
  return "(a name of " + std::to_string(name.size()) + " bytes)";
}

std::unexpected<Error> unknown_field(const std::string& name) {
  return invalid(shown(name), "unknown field '" + shown(name) + "'");
}

// Reads the members of one object, each at most once, and refuses those nobody asked for.
class Members {
 public:
  Members(const json::object& object, std::string prefix)
      : object_(object), prefix_(std::move(prefix)) {}

  [[nodiscard]] const json::value* find(std::string_view name) {
    known_.push_back(name);
    const auto found = object_.find(json::string_view(name.data(), name.size()));
    return found == object_.end() ? nullptr : &found->value();
  }

  [[nodiscard]] std::string field(std::string_view name) const {
    return prefix_ + std::string(name);
  }

  [[nodiscard]] Result<void> refuse_unknown() const {
    for (const auto& member : object_) {
      const std::string name = str(member.key());
      if (std::ranges::find(known_, name) == known_.end()) {
        return unknown_field(field(name));
      }
    }
    return {};
  }

 private:
  const json::object& object_;
  std::string prefix_;
  std::vector<std::string_view> known_;
};

Result<json::object> parse_object(std::string_view body, json::storage_ptr storage) {
  if (body.empty()) return invalid("body", "the request needs a JSON body");
  boost::system::error_code error;
  json::value value = json::parse({body.data(), body.size()}, error, std::move(storage));
  if (error) return invalid("body", "the body is not valid JSON: " + error.message());
  if (const auto name = duplicate_member(body)) {
    return invalid(shown(*name), "the field '" + shown(*name) + "' is there twice");
  }
  if (!value.is_object()) return invalid("body", "the body must be a JSON object");
  return std::move(value.get_object());
}

Result<std::int64_t> integer(const json::value& value, const std::string& field, std::int64_t min,
                             std::int64_t max) {
  const auto refuse = [&] {
    return invalid(field, field + " must be a whole number from " + std::to_string(min) + " to " +
                              std::to_string(max));
  };
  if (!value.is_int64()) return refuse();  // a larger one is uint64, 1.0 and "1" are neither
  const std::int64_t number = value.get_int64();
  if (number < min || number > max) return refuse();
  return number;
}

// Calls `set` with the number, if the member is there.
template <class Set>
Result<void> read_integer(Members& members, std::string_view name, std::int64_t min,
                          std::int64_t max, Set set) {
  const json::value* value = members.find(name);
  if (value == nullptr) return {};
  const auto number = integer(*value, members.field(name), min, max);
  if (!number) return std::unexpected(number.error());
  set(*number);
  return {};
}

Result<void> read_time(Members& members, std::string_view name,
                       std::optional<std::optional<Time>>& target) {
  const json::value* value = members.find(name);
  if (value == nullptr) return {};
  target.emplace();
  if (value->is_null()) return {};
  const std::string field = members.field(name);
  if (!value->is_string()) return invalid(field, field + " must be a string or null");
  const Result<Time> time = parse_time(view(value->get_string()));
  if (!time) return invalid(field, field + ": " + time.error().message);
  *target = *time;
  return {};
}

Result<void> read_ttl(Members& members, CampaignPatch& patch) {
  const json::value* value = members.find("coupon_ttl_s");
  if (value == nullptr) return {};
  patch.coupon_ttl.emplace();
  if (value->is_null()) return {};
  const auto seconds = integer(*value, "coupon_ttl_s", 1, ttl_s_max);
  if (!seconds) return std::unexpected(seconds.error());
  *patch.coupon_ttl = std::chrono::seconds(*seconds);
  return {};
}

Result<void> read_name(Members& members, CampaignPatch& patch) {
  const json::value* value = members.find("name");
  if (value == nullptr) return {};
  const bool ok = value->is_string() && value->get_string().size() <= name_bytes_max &&
                  is_clean_utf8(view(value->get_string()));
  if (!ok) return invalid("name", "name is a text of at most 200 bytes, no control characters");
  patch.name = view(value->get_string());
  return {};
}

Result<void> read_mode(Members& members, CampaignPatch& patch) {
  const json::value* value = members.find("mode");
  if (value == nullptr) return {};
  const std::string_view text = value->is_string() ? view(value->get_string()) : "";
  if (text != "instant" && text != "paced") {
    return invalid("mode", "mode is \"instant\" or \"paced\"");
  }
  patch.mode = text == "paced" ? Mode::paced : Mode::instant;
  return {};
}

Result<void> read_pace(Members& members, CampaignPatch& patch) {
  const json::value* value = members.find("pace");
  if (value == nullptr) return {};
  if (!value->is_object()) return invalid("pace", "pace is {\"batch\": …, \"tick_ms\": …}");
  Members inner(value->get_object(), "pace.");
  auto ok = read_integer(inner, "batch", 1, pace_batch_max,
                         [&](auto n) { patch.pace_batch = static_cast<std::uint32_t>(n); });
  if (!ok) return ok;
  ok = read_integer(inner, "tick_ms", 1, pace_tick_ms_max,
                    [&](auto n) { patch.pace_tick = std::chrono::milliseconds(n); });
  if (!ok) return ok;
  return inner.refuse_unknown();
}

Result<void> read_metadata(Members& members, CampaignPatch& patch) {
  const json::value* value = members.find("metadata");
  if (value == nullptr) return {};
  if (!value->is_object()) return invalid("metadata", "metadata is a JSON object");
  patch.metadata = json::serialize(*value);
  if (patch.metadata->size() > metadata_bytes_max) {
    return invalid("metadata", "metadata is at most 16 KiB");
  }
  return {};
}

Result<void> read_paused(Members& members, CampaignPatch& patch) {
  const json::value* value = members.find("paused");
  if (value == nullptr) return {};
  if (!value->is_bool()) return invalid("paused", "paused is true or false");
  patch.paused = value->get_bool();
  return {};
}

Result<void> read_counts(Members& members, CampaignPatch& patch) {
  auto ok = read_integer(members, "stock", 0, stock_max,
                         [&](auto n) { patch.stock = static_cast<std::uint32_t>(n); });
  if (!ok) return ok;
  return read_integer(members, "per_user", 1, stock_max,
                      [&](auto n) { patch.per_user = static_cast<std::uint32_t>(n); });
}

Result<void> read_window(Members& members, CampaignPatch& patch) {
  if (auto ok = read_time(members, "opens_at", patch.opens_at); !ok) return ok;
  return read_time(members, "closes_at", patch.closes_at);
}

}  // namespace

Result<std::optional<std::string>> read_claim_body(std::string_view body) {
  std::array<unsigned char, 1024>
      buffer;  // enough for any sane claim: parsed without an allocation
  json::monotonic_resource memory(buffer.data(), buffer.size());
  const auto object = parse_object(body, &memory);
  if (!object) return std::unexpected(object.error());
  std::optional<std::string> user;
  for (const auto& member : *object) {
    if (member.key() != "user") {
      return unknown_field(str(member.key()));
    }
    if (!member.value().is_string()) return invalid("user", "user must be a string");
    user = std::string(view(member.value().get_string()));
  }
  return user;
}

Result<CampaignPatch> read_campaign_body(std::string_view body, CampaignChange::Kind kind) {
  const auto object = parse_object(body, {});
  if (!object) return std::unexpected(object.error());
  Members members(*object, "");
  CampaignPatch patch;
  const bool put = kind == CampaignChange::Kind::put;
  for (const auto& read :
       {read_counts, read_window, read_ttl, read_name, read_mode, read_pace, read_metadata}) {
    if (auto ok = read(members, patch); !ok) return std::unexpected(ok.error());
  }
  if (!put) {
    if (auto ok = read_paused(members, patch); !ok) return std::unexpected(ok.error());
  }
  if (auto ok = members.refuse_unknown(); !ok) return std::unexpected(ok.error());
  if (put && !patch.stock) return invalid("stock", "stock is required");
  return patch;
}

}  // namespace firstcome::http
