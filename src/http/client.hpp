#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "core/error.hpp"

// A small blocking HTTP/1.1 client for the command line: one connection, kept alive, one request
// at a time. Not for the load test. One thread at a time.

namespace firstcome::http {

struct ClientReply {
  int status = 0;
  std::map<std::string, std::string, std::less<>> headers{};  // names in lower case
  std::string body{};
};

class Client {
 public:
  // `url` is http://HOST:PORT, without a path. `bearer` is the key to send, empty for none.
  // Connects at the first request, and again when the server has closed. Error: invalid (field
  // "url").
  [[nodiscard]] static Result<Client> for_url(std::string_view url, std::string bearer);

  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;
  ~Client();

  // `body` is JSON, empty for none. Error: unavailable or timeout (10 s), with the url. Any HTTP
  // status is a reply, not an error.
  [[nodiscard]] Result<ClientReply> request(std::string_view method, std::string_view target,
                                            std::string_view body = {});

 private:
  struct Impl;
  explicit Client(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace firstcome::http
