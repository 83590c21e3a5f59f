#include "http/client.hpp"

#include <algorithm>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <optional>
#include <utility>

#include "http/service_url.hpp"

namespace firstcome::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace wire = boost::beast::http;
using tcp = asio::ip::tcp;
using Code = boost::system::error_code;

constexpr std::chrono::seconds time_max{10};
constexpr std::size_t body_size_max = 64 * 1024 * 1024;

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  return result;
}

ClientReply reply_of(wire::response<wire::string_body>& response) {
  ClientReply reply{.status = static_cast<int>(response.result_int()), .headers = {}, .body = {}};
  for (const auto& field : response) {
    reply.headers[lower(field.name_string())] = std::string(field.value());
  }
  reply.body = std::move(response.body());
  return reply;
}

}  // namespace

// Beast keeps time limits only for asynchronous operations, so each step starts one and runs the
// context until it is done.
struct Client::Impl {
  ServiceUrl url;
  std::string bearer;
  asio::io_context context{};
  std::optional<beast::tcp_stream> stream{};  // none: not connected
  beast::flat_buffer buffer{};

  template <class Start>
  Code finish(Start start) {
    Code result;
    stream->expires_after(time_max);
    start([&result](const Code& code, auto&&...) { result = code; });
    context.restart();
    context.run();
    return result;
  }

  Code connect();
  Code exchange(const wire::request<wire::string_body>& request,
                wire::response_parser<wire::string_body>& parser);
  Result<ClientReply> send_once(const wire::request<wire::string_body>& request);
  wire::request<wire::string_body> make_request(std::string_view method, std::string_view target,
                                                std::string_view body) const;
  std::unexpected<Error> failed(const Code& code) const;
};

Code Client::Impl::connect() {
  Code code;
  tcp::resolver resolver(context);
  const auto endpoints = resolver.resolve(url.host, url.port, code);
  if (code) return code;
  buffer.clear();
  stream.emplace(context);
  code = finish([&](auto handler) { stream->async_connect(endpoints, handler); });
  if (code) stream.reset();
  return code;
}

Code Client::Impl::exchange(const wire::request<wire::string_body>& request,
                            wire::response_parser<wire::string_body>& parser) {
  Code code = finish([&](auto handler) { wire::async_write(*stream, request, handler); });
  if (!code)
    code = finish([&](auto handler) { wire::async_read(*stream, buffer, parser, handler); });
  if (code || !parser.keep_alive()) stream.reset();
  return code;
}

Result<ClientReply> Client::Impl::send_once(const wire::request<wire::string_body>& request) {
  if (!stream) {
    if (const Code code = connect()) return failed(code);
  }
  wire::response_parser<wire::string_body> parser;
  parser.body_limit(body_size_max);
  if (const Code code = exchange(request, parser)) return failed(code);
  return reply_of(parser.get());
}

wire::request<wire::string_body> Client::Impl::make_request(std::string_view method,
                                                            std::string_view target,
                                                            std::string_view body) const {
  wire::request<wire::string_body> request;
  request.method_string(method);
  request.target(target);
  request.version(11);
  request.set(wire::field::host, url.authority());
  request.set(wire::field::user_agent, "firstcome");
  if (!bearer.empty()) request.set(wire::field::authorization, "Bearer " + bearer);
  if (!body.empty()) request.set(wire::field::content_type, "application/json");
  request.body() = body;
  request.prepare_payload();
  return request;
}

std::unexpected<Error> Client::Impl::failed(const Code& code) const {
  const std::string where = "http://" + url.authority();
  if (code == beast::error::timeout) {
    return fail(ErrorCode::timeout, where + " did not answer within 10 seconds");
  }
  return fail(ErrorCode::unavailable, "cannot reach " + where + ": " + code.message());
}

Client::Client(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;
Client::~Client() = default;

Result<Client> Client::for_url(std::string_view url, std::string bearer) {
  Result<ServiceUrl> parsed = parse_service_url(url);
  if (!parsed) return std::unexpected(std::move(parsed).error());
  return Client(std::make_unique<Impl>(*std::move(parsed), std::move(bearer)));
}

Result<ClientReply> Client::request(std::string_view method, std::string_view target,
                                    std::string_view body) {
  const auto message = impl_->make_request(method, target, body);
  const bool reused = impl_->stream.has_value();
  Result<ClientReply> reply = impl_->send_once(message);
  // A kept connection may have been closed by the server meanwhile. All methods but POST may be
  // sent twice (RFC 9110, section 9.2.2).
  const bool send_again =
      !reply && reused && method != "POST" && reply.error().code == ErrorCode::unavailable;
  return send_again ? impl_->send_once(message) : std::move(reply);
}

}  // namespace firstcome::http
