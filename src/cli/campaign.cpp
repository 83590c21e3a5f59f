#include <CLI/CLI.hpp>
#include <array>
#include <boost/json.hpp>
#include <fstream>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>
#include <utility>

#include "cli/commands.hpp"
#include "http/client.hpp"
#include "http/client_problem.hpp"

// The admin calls. Each subcommand is a function from its arguments to a Result; run() turns that
// into words and an exit code.

namespace firstcome::cli {
namespace {

namespace json = boost::json;

constexpr int page_rows = 1000;

struct Settings {
  std::optional<std::uint32_t> stock{};
  std::optional<std::uint32_t> per_user{};
  std::optional<std::string> name{};
  std::optional<std::string> opens_at{};
  std::optional<std::string> closes_at{};
  std::optional<std::string> coupon_ttl{};
  std::optional<std::string> mode{};
  std::optional<std::uint32_t> pace_batch{};
  std::optional<std::uint32_t> pace_tick_ms{};
  std::optional<std::string> metadata{};
  bool pause = false;
  bool resume = false;
};

struct CampaignArguments {
  std::string url = "http://127.0.0.1:8080";
  std::string data = "data";
  std::string id{};
  Settings settings{};
  bool as_json = false;
  std::string format = "ndjson";
  std::string out{};
};

Result<http::Client> admin_client(const CampaignArguments& arguments) {
  Result<std::string> key = find_key("admin", arguments.data);
  if (!key) return std::unexpected(key.error());
  return http::Client::for_url(arguments.url, *std::move(key));
}

std::string path_of(const CampaignArguments& arguments) {
  return "/v1/campaigns/" + arguments.id;
}

// The body of a reply that went well, as an object. Error: conflict, with what the server said.
Result<json::object> object_of(const Result<http::ClientReply>& reply) {
  if (!reply) return std::unexpected(reply.error());
  if (reply->status >= 300) return fail(ErrorCode::conflict, http::describe_problem(*reply));
  boost::system::error_code code;
  const json::value body = json::parse(reply->body, code);
  if (!code && body.is_object()) return body.get_object();
  return fail(ErrorCode::unavailable, "the server's reply is no JSON object");
}

template <class T>
void put_if(json::object& body, const char* name, const std::optional<T>& value) {
  if (value) body[name] = *value;
}

// "none" clears a setting that a campaign may go without.
void put_clearable(json::object& body, const char* name, const std::optional<std::string>& value) {
  if (!value) return;
  if (*value == "none") {
    body[name] = nullptr;
  } else {
    body[name] = *value;
  }
}

Result<void> put_ttl(json::object& body, const std::optional<std::string>& value) {
  put_clearable(body, "coupon_ttl_s", value);
  if (!value || *value == "none") return {};
  boost::system::error_code code;
  const json::value seconds = json::parse(*value, code);
  if (code || !seconds.is_int64()) {
    return invalid("coupon-ttl-s", "--coupon-ttl-s is a number of seconds, or none");
  }
  body["coupon_ttl_s"] = seconds;
  return {};
}

Result<void> put_metadata(json::object& body, const std::optional<std::string>& text) {
  if (!text) return {};
  boost::system::error_code code;
  const json::value metadata = json::parse(*text, code);
  if (code || !metadata.is_object()) {
    return invalid("metadata", "--metadata is a JSON object like {\"team\": \"a\"}");
  }
  body["metadata"] = metadata;
  return {};
}

json::object pace_of(const Settings& settings) {
  json::object pace;
  put_if(pace, "batch", settings.pace_batch);
  put_if(pace, "tick_ms", settings.pace_tick_ms);
  return pace;
}

Result<std::string> body_of(const Settings& settings) {
  json::object body;
  put_if(body, "stock", settings.stock);
  put_if(body, "per_user", settings.per_user);
  put_if(body, "name", settings.name);
  put_if(body, "mode", settings.mode);
  put_clearable(body, "opens_at", settings.opens_at);
  put_clearable(body, "closes_at", settings.closes_at);
  if (json::object pace = pace_of(settings); !pace.empty()) body["pace"] = std::move(pace);
  if (settings.pause) body["paused"] = true;
  if (settings.resume) body["paused"] = false;
  if (Result<void> put = put_ttl(body, settings.coupon_ttl); !put) {
    return std::unexpected(put.error());
  }
  if (Result<void> put = put_metadata(body, settings.metadata); !put) {
    return std::unexpected(put.error());
  }
  return json::serialize(body);
}

std::string plain(const json::value& value) {
  return value.is_string() ? json::value_to<std::string>(value) : json::serialize(value);
}

std::string plain_at(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value == nullptr || value->is_null() ? "" : plain(*value);
}

void print_campaign(const CampaignArguments& arguments, const json::object& campaign) {
  if (arguments.as_json) {
    std::cout << json::serialize(campaign) << "\n";
    return;
  }
  for (const auto& [name, value] : campaign) {
    const std::string label(name);
    const std::string gap(label.size() < 14 ? 14 - label.size() : 1, ' ');
    std::cout << label << gap << (value.is_null() ? "-" : plain(value)) << "\n";
  }
}

// Sends one request about the campaign and prints the campaign that comes back.
Result<void> ask(const CampaignArguments& arguments, Result<http::Client> client,
                 std::string_view method, std::string_view body = {}) {
  if (!client) return std::unexpected(client.error());
  const Result<json::object> campaign =
      object_of(client->request(method, path_of(arguments), body));
  if (!campaign) return std::unexpected(campaign.error());
  print_campaign(arguments, *campaign);
  return {};
}

// PUT would change a campaign of that name, which nobody means by "create".
Result<void> refuse_existing(const CampaignArguments& arguments) {
  Result<http::Client> client = http::Client::for_url(arguments.url, "");
  if (!client) return std::unexpected(client.error());
  const auto reply = client->request("GET", path_of(arguments));
  if (!reply) return std::unexpected(reply.error());
  if (reply->status != 200) return {};
  return fail(ErrorCode::conflict,
              "campaign '" + arguments.id + "' exists already; `campaign update` changes it");
}

Result<void> create(const CampaignArguments& arguments) {
  const Result<std::string> body = body_of(arguments.settings);
  if (!body) return std::unexpected(body.error());
  if (Result<void> absent = refuse_existing(arguments); !absent) return absent;
  return ask(arguments, admin_client(arguments), "PUT", *body);
}

Result<void> update(const CampaignArguments& arguments) {
  const Result<std::string> body = body_of(arguments.settings);
  if (!body) return std::unexpected(body.error());
  if (*body == "{}")
    return invalid("", "nothing to change: say which setting, --stock for example");
  return ask(arguments, admin_client(arguments), "PATCH", *body);
}

// A campaign's state is public, so this needs no key.
Result<void> show(const CampaignArguments& arguments) {
  return ask(arguments, http::Client::for_url(arguments.url, ""), "GET");
}

using VisitRow = std::function<void(const json::object&)>;

// Visits one page; gives the cursor of the next, empty after the last.
Result<std::string> visit_page(const json::object& page, const VisitRow& visit) {
  const json::value* data = page.if_contains("data");
  if (data == nullptr || !data->is_array()) {
    return fail(ErrorCode::unavailable, "the server's reply is no page of a listing");
  }
  for (const json::value& row : data->get_array()) {
    if (row.is_object()) visit(row.get_object());
  }
  const json::value* more = page.if_contains("has_more");
  return more != nullptr && *more == true ? plain_at(page, "next_cursor") : "";
}

Result<void> visit_all(http::Client& client, const std::string& path, const VisitRow& visit) {
  const std::string first = path + "?limit=" + std::to_string(page_rows);
  std::string cursor;
  do {
    const std::string target = cursor.empty() ? first : first + "&cursor=" + cursor;
    const Result<json::object> page = object_of(client.request("GET", target));
    if (!page) return std::unexpected(page.error());
    Result<std::string> next = visit_page(*page, visit);
    if (!next) return std::unexpected(next.error());
    cursor = *std::move(next);
  } while (!cursor.empty());
  return {};
}

Result<void> list(const CampaignArguments& arguments) {
  Result<http::Client> client = admin_client(arguments);
  if (!client) return std::unexpected(client.error());
  return visit_all(*client, "/v1/campaigns", [&](const json::object& campaign) {
    if (arguments.as_json) return print_campaign(arguments, campaign);
    std::cout << plain_at(campaign, "id") << "  " << plain_at(campaign, "state") << "  "
              << plain_at(campaign, "issued") << "/" << plain_at(campaign, "stock") << "  "
              << plain_at(campaign, "mode") << "  " << plain_at(campaign, "name") << "\n";
  });
}

// RFC 4180: quotes around what holds a comma, a quote or a line end.
std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

constexpr std::array<const char*, 7> columns{"campaign", "rank",      "user",      "nth",
                                             "code",     "issued_at", "expires_at"};

std::string csv_head() {
  std::string line;
  for (const char* column : columns) line += (line.empty() ? "" : ",") + std::string(column);
  return line + "\r\n";
}

std::string csv_line(const json::object& coupon) {
  std::string line;
  for (const char* column : columns) {
    if (column != columns.front()) line += ',';
    line += csv_field(plain_at(coupon, column));
  }
  return line + "\r\n";
}

Result<void> write_coupons(const CampaignArguments& arguments, std::ostream& out) {
  const bool csv = arguments.format == "csv";
  Result<http::Client> client = admin_client(arguments);
  if (!client) return std::unexpected(client.error());
  if (csv) out << csv_head();
  const Result<void> visited =
      visit_all(*client, path_of(arguments) + "/coupons", [&](const json::object& coupon) {
        out << (csv ? csv_line(coupon) : json::serialize(coupon) + "\n");
      });
  out.flush();
  if (visited && !out) return fail(ErrorCode::unavailable, "writing the export failed");
  return visited;
}

Result<void> export_coupons(const CampaignArguments& arguments) {
  if (arguments.out.empty()) return write_coupons(arguments, std::cout);
  std::ofstream file(arguments.out, std::ios::binary | std::ios::trunc);
  if (!file) return invalid("out", "cannot write '" + arguments.out + "'");
  return write_coupons(arguments, file);
}

using Command = Result<void> (*)(const CampaignArguments&);

int run(const std::string& name, const CampaignArguments& arguments, Command command) {
  const Result<void> done = command(arguments);
  if (done) return exit_ok;
  std::cerr << "firstcome campaign " << name << ": " << done.error().message << "\n";
  return done.error().code == ErrorCode::invalid ? exit_usage : exit_failed;
}

void add_settings(CLI::App& command, Settings& settings) {
  command.add_option("--per-user", settings.per_user, "coupons a user may have");
  command.add_option("--name", settings.name, "a name for people");
  command.add_option("--opens-at", settings.opens_at, "RFC 3339 time, or none");
  command.add_option("--closes-at", settings.closes_at, "RFC 3339 time, or none");
  command.add_option("--coupon-ttl-s", settings.coupon_ttl, "coupons expire after it, or none");
  command.add_option("--mode", settings.mode, "answer at once, or by a scheduler")
      ->check(CLI::IsMember({"instant", "paced"}));
  command.add_option("--pace-batch", settings.pace_batch, "paced: claims a tick");
  command.add_option("--pace-tick-ms", settings.pace_tick_ms, "paced: milliseconds between ticks");
  command.add_option("--metadata", settings.metadata, "a JSON object, kept with the campaign");
}

// What is shared by all five: where the server is and how the command ends.
struct Group {
  CLI::App& app;
  Context& context;
  std::shared_ptr<CampaignArguments> arguments = std::make_shared<CampaignArguments>();

  CLI::App& add(const std::string& name, const std::string& help, Command command) const {
    CLI::App* sub = app.add_subcommand(name, help);
    sub->add_option("--url", arguments->url, "the server, http://HOST:PORT")->capture_default_str();
    sub->add_option("--data", arguments->data, "the server's data directory, for its keys")
        ->capture_default_str();
    sub->callback([name, command, args = arguments, &exit_code = context.exit_code] {
      exit_code = run(name, *args, command);
    });
    return *sub;
  }

  CLI::App& add_for_one(const std::string& name, const std::string& help, Command command) const {
    CLI::App& sub = add(name, help, command);
    sub.add_option("id", arguments->id, "the campaign")->required();
    return sub;
  }
};

void add_changing(const Group& group) {
  CampaignArguments& arguments = *group.arguments;
  CLI::App& create_app = group.add_for_one("create", "Make a campaign", create);
  create_app.add_option("--stock", arguments.settings.stock, "how many coupons")->required();
  add_settings(create_app, arguments.settings);
  CLI::App& update_app = group.add_for_one("update", "Change what is named", update);
  update_app.add_option("--stock", arguments.settings.stock, "how many coupons");
  add_settings(update_app, arguments.settings);
  CLI::Option* pause = update_app.add_flag("--pause", arguments.settings.pause, "give out none");
  update_app.add_flag("--resume", arguments.settings.resume, "give them out again")
      ->excludes(pause);
  for (CLI::App* app : {&create_app, &update_app}) {
    app->add_flag("--json", arguments.as_json, "print JSON");
  }
}

void add_reading(const Group& group) {
  CampaignArguments& arguments = *group.arguments;
  CLI::App& list_app = group.add("list", "List the campaigns", list);
  CLI::App& show_app = group.add_for_one("show", "Show a campaign", show);
  for (CLI::App* app : {&list_app, &show_app}) {
    app->add_flag("--json", arguments.as_json, "print JSON, a line each");
  }
  CLI::App& export_app = group.add_for_one("export", "Write all coupons by rank", export_coupons);
  export_app.add_option("--format", arguments.format)
      ->check(CLI::IsMember({"ndjson", "csv"}))
      ->capture_default_str();
  export_app.add_option("--out", arguments.out, "a file instead of standard output");
}

}  // namespace

void add_campaign(CLI::App& app, Context& context) {
  CLI::App* campaign = app.add_subcommand("campaign", "Make, change, list and export campaigns");
  campaign->require_subcommand(1);
  const Group group{*campaign, context};
  add_changing(group);
  add_reading(group);
}

}  // namespace firstcome::cli
