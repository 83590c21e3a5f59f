#include "load/words.hpp"

namespace firstcome::load {
namespace {

constexpr Words english{
    .title = "Load test report",
    .item = "Measure",
    .value = "Value",
    .requests = "Requests",
    .served = "Served",
    .refused = "Refused as foreseen",
    .failed = "Failed",
    .average = "Average response time",
    .p95 = "95% response time",
    .p99 = "99% response time",
    .max = "Longest response time",
    .blocked = "Blocked, average",
    .connecting = "Connecting, average",
    .sending = "Sending, average",
    .waiting = "Waiting, average",
    .receiving = "Receiving, average",
    .virtual_users = "virtual users",
    .connections = "connections",
    .scheduled = "due a second",
    .elapsed = "Elapsed",
    .outcomes = "Outcomes",
    .statuses = "Statuses",
    .failures = "Failures",
    .thresholds = "Thresholds",
    .interrupted = "Stopped early: the numbers cover what was sent until then.",
    .open_model = "http_req_duration counts from the instant at which a request was due.",
};

constexpr Words korean{
    .title = "부하 테스트 결과 보고서",
    .item = "항목",
    .value = "측정값",
    .requests = "총 요청 수",
    .served = "성공 요청 비율",
    .refused = "예상된 거절 비율",
    .failed = "오류 발생 비율",
    .average = "평균 응답 시간",
    .p95 = "95% 응답 시간",
    .p99 = "99% 응답 시간",
    .max = "최대 응답 시간",
    .blocked = "HTTP 요청 차단 시간(평균)",
    .connecting = "HTTP 연결 시간(평균)",
    .sending = "HTTP 요청 전송 시간(평균)",
    .waiting = "HTTP 응답 대기 시간(평균)",
    .receiving = "HTTP 응답 수신 시간(평균)",
    .virtual_users = "가상 사용자",
    .connections = "연결",
    .scheduled = "건/초 예정",
    .elapsed = "소요 시간",
    .outcomes = "발급 결과",
    .statuses = "응답 상태",
    .failures = "실패 원인",
    .thresholds = "기준",
    .interrupted = "중간에 중단됨: 중단 시점까지 보낸 요청의 수치입니다.",
    .open_model = "http_req_duration은 요청이 예정된 시각부터 잰 시간입니다.",
};

constexpr bool is_continuation(unsigned char byte) {
  return (byte & 0xC0) == 0x80;
}

// U+AC00 to U+D7A3 begin with EA to ED in UTF-8.
constexpr bool begins_hangul(unsigned char byte) {
  return byte >= 0xEA && byte <= 0xED;
}

}  // namespace

const Words& words_of(Language language) noexcept {
  return language == Language::korean ? korean : english;
}

std::size_t columns_of(std::string_view text) noexcept {
  std::size_t columns = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (!is_continuation(byte)) columns += begins_hangul(byte) ? 2 : 1;
  }
  return columns;
}

std::string padded_right(std::string_view text, std::size_t columns) {
  const std::size_t used = columns_of(text);
  return std::string(text) + std::string(used < columns ? columns - used : 0, ' ');
}

std::string padded_left(std::string_view text, std::size_t columns) {
  const std::size_t used = columns_of(text);
  return std::string(used < columns ? columns - used : 0, ' ') + std::string(text);
}

}  // namespace firstcome::load
