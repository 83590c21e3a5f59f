#include "load/request.hpp"

#include <algorithm>
#include <boost/json.hpp>

namespace firstcome::load {
namespace {

constexpr std::size_t width_min = 6;

std::string head_of(const RequestTarget& target, std::string_view line) {
  std::string head(line);
  head += " HTTP/1.1\r\nHost: " + target.authority + "\r\nUser-Agent: firstcome-load\r\n";
  if (!target.key.empty()) head += "Authorization: Bearer " + target.key + "\r\n";
  return head;
}

std::string claim_head(const RequestTarget& target, std::size_t body_size) {
  return head_of(target, "POST /v1/campaigns/" + target.campaign + "/claims") +
         "Content-Type: application/json\r\nContent-Length: " + std::to_string(body_size) +
         "\r\n\r\n";
}

}  // namespace

Result<ClaimRequest> ClaimRequest::make(const RequestTarget& target, const std::string& prefix,
                                        std::uint64_t users) {
  ClaimRequest request;
  request.prefix_ = prefix;
  request.width_ = std::max(width_min, std::to_string(users).size());
  if (!parse_user_id(request.user(1))) {
    return invalid("user-prefix", "with this prefix user ids are over 64 bytes or not clean UTF-8");
  }
  const std::string body =
      R"({"user":)" + boost::json::serialize(boost::json::string(request.user(0))) + "}";
  request.text_ = claim_head(target, body.size()) + body;
  request.digits_at_ = request.text_.size() - request.width_ - std::string_view("\"}").size();
  return request;
}

std::string_view ClaimRequest::render(std::uint64_t number) {
  write_digits(number, text_, digits_at_);
  return text_;
}

std::string ClaimRequest::user(std::uint64_t number) const {
  std::string id = prefix_ + std::string(width_, '0');
  write_digits(number, id, prefix_.size());
  return id;
}

void ClaimRequest::write_digits(std::uint64_t number, std::string& text, std::size_t at) const {
  for (std::size_t i = width_; i-- > 0; number /= 10) {
    text[at + i] = static_cast<char>('0' + number % 10);
  }
}

std::string render_warmup(const RequestTarget& target) {
  return head_of(target, "GET /v1/campaigns/" + target.campaign) + "\r\n";
}

}  // namespace firstcome::load
