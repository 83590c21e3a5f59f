#include "http/request_parser.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <optional>
#include <utility>

namespace firstcome::http {

namespace beast_http = boost::beast::http;
using boost::beast::error_code;
using boost::beast::string_view;

void Request::clear() {
  method.clear();
  target.clear();
  authorization.clear();
  content_type.clear();
  idempotency_key.reset();
  body.clear();
  keep_alive = true;
  has_length = false;
  is_head = false;
  is_http_1_0 = false;
}

namespace {

RequestFault fault_of(const error_code& error) {
  if (error == beast_http::error::header_limit || error == beast_http::error::buffer_overflow) {
    return {400, "headers_too_large",
            "the header fields are larger than " + std::to_string(RequestParser::header_bytes_max) +
                " bytes"};
  }
  if (error == beast_http::error::body_limit) {
    return {413, "body_too_large",
            "the body is larger than " + std::to_string(RequestParser::body_bytes_max) + " bytes"};
  }
  return {400, "bad_request", "not a valid HTTP/1.1 request: " + error.message()};
}

// Beast calls these for each part of the message; nothing is stored but what the API looks at.
class Collector final : public beast_http::basic_parser<true> {
 public:
  explicit Collector(Request& request) : request_(request) {
    eager(false);  // stop after the header and after each chunk; see starves()
    header_limit(RequestParser::header_bytes_max);
    body_limit(RequestParser::body_bytes_max);
  }

  [[nodiscard]] bool header_done() const { return is_header_done(); }
  [[nodiscard]] bool expects_continue() const { return expects_continue_; }

  // Beast asserts that a last chunk which it sees for the second time is 5 bytes long, "0\r\n\r\n",
  // and so aborts when that is the only chunk and arrives as "0\r\n", then "\r". No chunked body is
  // shorter, so nothing is lost by waiting for 5 bytes.
  [[nodiscard]] bool starves(std::size_t byte_count) const {
    return is_header_done() && chunked() && !has_chunk_ && byte_count < 5;
  }
  std::optional<RequestFault> fault;

 private:
  void on_request_impl(beast_http::verb, string_view method, string_view target, int version,
                       error_code&) override {
    request_.method.assign(method.data(), method.size());
    request_.target.assign(target.data(), target.size());
    version_ = version;
    if (request_.method == "HEAD") {
      request_.method = "GET";
      request_.is_head = true;
    }
  }
  void on_response_impl(int, string_view, int, error_code&) override {}

  void on_field_impl(beast_http::field field, string_view name, string_view value,
                     error_code& error) override {
    if (in_trailer_) return;  // a trailer field is no header field (RFC 9110, section 6.5.1)
    switch (field) {
      case beast_http::field::authorization:
        if (std::exchange(has_authorization_, true)) refuse("two Authorization fields", error);
        request_.authorization.assign(value.data(), value.size());
        break;
      case beast_http::field::content_type:
        if (std::exchange(has_content_type_, true)) refuse("two Content-Type fields", error);
        request_.content_type.assign(value.data(), value.size());
        break;
      case beast_http::field::host:
        if (std::exchange(has_host_, true)) refuse("two Host fields", error);
        break;
      case beast_http::field::content_length:
        if (std::exchange(has_content_length_, true)) refuse("two Content-Length fields", error);
        break;
      case beast_http::field::transfer_encoding:
        if (!boost::beast::iequals(value, "chunked")) {
          refuse("a Transfer-Encoding other than chunked", error);
        }
        has_transfer_encoding_ = true;
        break;
      case beast_http::field::expect:
        expects_continue_ = boost::beast::iequals(value, "100-continue");
        break;
      default:
        if (boost::beast::iequals(name, "Idempotency-Key")) {
          if (request_.idempotency_key) refuse("two Idempotency-Key fields", error);
          request_.idempotency_key.emplace(value.data(), value.size());
        }
    }
  }

  void on_header_impl(error_code& error) override {
    if (version_ >= 11 && !has_host_) refuse("no Host field", error);
    if (has_content_length_ && has_transfer_encoding_) {
      refuse("both Content-Length and Transfer-Encoding", error);
    }
    in_trailer_ = true;
    request_.is_http_1_0 = version_ < 11;
    // Chunks are not in HTTP/1.0: who sends them may have the length wrong (RFC 9112, section 6.1).
    request_.keep_alive = keep_alive() && !(request_.is_http_1_0 && has_transfer_encoding_);
    request_.has_length = has_content_length_ || has_transfer_encoding_;
  }

  void on_body_init_impl(const boost::optional<std::uint64_t>& size, error_code&) override {
    if (size) request_.body.reserve(static_cast<std::size_t>(*size));
  }
  std::size_t on_body_impl(string_view bytes, error_code&) override {
    request_.body.append(bytes.data(), bytes.size());
    return bytes.size();
  }
  void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override { has_chunk_ = true; }
  std::size_t on_chunk_body_impl(std::uint64_t, string_view bytes, error_code&) override {
    request_.body.append(bytes.data(), bytes.size());
    return bytes.size();
  }
  void on_finish_impl(error_code&) override {}

  void refuse(const char* why, error_code& error) {
    fault = RequestFault{400, "bad_request", std::string("the request has ") + why};
    error = beast_http::error::bad_field;
  }

  Request& request_;
  int version_ = 11;
  bool has_host_ = false;
  bool in_trailer_ = false;  // the header is complete: fields that still come are a trailer's
  bool has_authorization_ = false;
  bool has_content_type_ = false;
  bool has_content_length_ = false;
  bool has_transfer_encoding_ = false;
  bool expects_continue_ = false;
  bool has_chunk_ = false;
};

}  // namespace

struct RequestParser::Impl {
  Request request;
  RequestFault fault;
  State state = State::incomplete;
  bool asked_to_continue = false;
  std::optional<Collector> collector;

  void fail(RequestFault found) {
    fault = std::move(found);
    state = State::faulty;
  }
};

RequestParser::RequestParser() : impl_(std::make_unique<Impl>()) {
  reset();
}

RequestParser::~RequestParser() = default;

void RequestParser::reset() {
  impl_->request.clear();
  impl_->state = State::incomplete;
  impl_->asked_to_continue = false;
  impl_->collector.emplace(impl_->request);
}

std::size_t RequestParser::feed(std::string_view bytes) {
  std::size_t consumed = 0;
  while (impl_->state == State::incomplete && consumed < bytes.size() &&
         !impl_->collector->starves(bytes.size() - consumed)) {
    error_code error;
    const std::size_t count = impl_->collector->put(
        boost::asio::const_buffer(bytes.data() + consumed, bytes.size() - consumed), error);
    consumed += count;
    if (impl_->collector->is_done()) impl_->state = State::complete;
    if (error == beast_http::error::need_more) break;
    if (error) impl_->fail(impl_->collector->fault.value_or(fault_of(error)));
  }
  return consumed;
}

RequestParser::State RequestParser::state() const {
  return impl_->state;
}

const Request& RequestParser::request() const {
  return impl_->request;
}

const RequestFault& RequestParser::fault() const {
  return impl_->fault;
}

bool RequestParser::take_wants_continue() {
  const bool wants = impl_->state == State::incomplete && impl_->collector->header_done() &&
                     impl_->collector->expects_continue();
  return wants && !std::exchange(impl_->asked_to_continue, true);
}

}  // namespace firstcome::http
