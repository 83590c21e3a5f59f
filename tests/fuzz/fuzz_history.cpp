#include "core/check.hpp"
#include "core/ids.hpp"
#include "input.hpp"
#include "verify/history.hpp"
#include "verify/history_line.hpp"

// The verifier reads files that anybody may have written or cut. No line may bring it down, its two
// readers must not disagree, and what is written of names the server accepts must read back as it
// was; other texts may come back with bytes replaced.

namespace firstcome {
namespace {

bool same(const Attempt& a, const Attempt& b) {
  return a.campaign == b.campaign && a.user == b.user && a.key == b.key && a.sent_ns == b.sent_ns &&
         a.got_ns == b.got_ns && a.status == b.status && a.outcome == b.outcome &&
         a.rank == b.rank && a.code == b.code;
}

bool has_clean_texts(const Attempt& a) {
  return is_clean_utf8(a.campaign) && is_clean_utf8(a.user) && is_clean_utf8(a.key) &&
         is_clean_utf8(a.outcome) && is_clean_utf8(a.code);
}

void readers_agree(std::string_view line) {
  Attempt scanned;
  if (!scan_attempt(line, scanned)) return;
  Attempt read;
  CHECK(read_attempt_json(line, read), "what the quick reader takes is JSON");
  CHECK(same(scanned, read), "both readers see one attempt");
}

void reads_back(std::string_view line) {
  const auto attempt = parse_attempt(line);
  if (!attempt) return;
  const auto again = parse_attempt(format_attempt(*attempt));
  CHECK(again, "a line that was written can be read");
  if (has_clean_texts(*attempt)) CHECK(same(*attempt, *again), "and says the same");
}

}  // namespace
}  // namespace firstcome

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto line = firstcome::text_of(data, size);
  firstcome::readers_agree(line);
  firstcome::reads_back(line);
  return 0;
}
