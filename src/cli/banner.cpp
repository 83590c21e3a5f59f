#include "cli/banner.hpp"

namespace firstcome::cli {
namespace {

class Paint {
 public:
  explicit Paint(bool on) : on_(on) {}
  [[nodiscard]] std::string bold(const std::string& text) const { return wrap("1", text); }
  [[nodiscard]] std::string dim(const std::string& text) const { return wrap("2", text); }
  [[nodiscard]] std::string green(const std::string& text) const { return wrap("32", text); }

 private:
  [[nodiscard]] std::string wrap(const char* code, const std::string& text) const {
    return on_ ? std::string("\x1b[") + code + "m" + text + "\x1b[0m" : text;
  }
  bool on_;
};

std::string line(const Paint& paint, const std::string& name, const std::string& value) {
  return "  " + paint.dim(name + std::string(12 - name.size(), ' ')) + value + "\n";
}

std::string curl_line(const Banner& banner) {
  return "curl -sSw '\\n' " + banner.url + "/v1/campaigns/demo/claims -H \"Authorization: Bearer " +
         banner.issue_key_expression +
         "\" -H 'Content-Type: application/json' -d '{\"user\": \"you\"}'";
}

}  // namespace

std::string render(const Banner& banner, bool colours) {
  const Paint paint(colours);
  std::string out = "\n" + paint.bold("firstcome " + banner.version) + "\n";
  out += line(paint, "serving", paint.green(banner.url));
  if (!banner.metrics_url.empty()) out += line(paint, "metrics", banner.metrics_url);
  out += line(paint, "engine", banner.engine);
  out += line(paint, "durability", banner.durability);
  out += line(paint, "admin key", banner.admin_key_place);
  out += line(paint, "issue key", banner.issue_key_place);
  if (banner.demo) {
    out += line(paint, "campaign", "demo: 100 coupons, one to a user");
    out += "\n  Claim a coupon:\n\n  " + curl_line(banner) + "\n";
  }
  return out + "\n";
}

}  // namespace firstcome::cli
