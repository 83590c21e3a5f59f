#include "queue/redis/redis_tls.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "core/check.hpp"

namespace firstcome {
namespace {

std::string openssl_reason() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* const words = code == 0 ? nullptr : ERR_reason_error_string(code);
  return words == nullptr ? "the TLS layer failed" : words;
}

std::unexpected<Error> unusable(const std::string& option, const std::string& file) {
  return invalid("queue", option + "=" + file + " is not usable: " + openssl_reason());
}

std::unexpected<Error> broken(ssl_st* session) {
  const long verdict = SSL_get_verify_result(session);
  if (verdict == X509_V_OK) return fail(ErrorCode::unavailable, openssl_reason());
  ERR_clear_error();
  return fail(ErrorCode::unavailable,
              std::string("its certificate is refused: ") + X509_verify_cert_error_string(verdict));
}

Result<void> load_trust(ssl_ctx_st* context, const RedisTlsFiles& files) {
  if (files.ca.empty()) {
    SSL_CTX_set_default_verify_paths(context);
  } else if (SSL_CTX_load_verify_locations(context, files.ca.c_str(), nullptr) != 1) {
    return unusable("tls_ca", files.ca);
  }
  return {};
}

Result<void> load_own(ssl_ctx_st* context, const RedisTlsFiles& files) {
  if (files.cert.empty()) return {};
  if (SSL_CTX_use_certificate_chain_file(context, files.cert.c_str()) != 1) {
    return unusable("tls_cert", files.cert);
  }
  if (SSL_CTX_use_PrivateKey_file(context, files.key.c_str(), SSL_FILETYPE_PEM) != 1) {
    return unusable("tls_key", files.key);
  }
  return {};
}

}  // namespace

void RedisTlsContext::Free::operator()(ssl_ctx_st* context) const noexcept {
  SSL_CTX_free(context);
}

void RedisTlsSession::Free::operator()(ssl_st* session) const noexcept {
  SSL_free(session);
}

Result<std::shared_ptr<const RedisTlsContext>> RedisTlsContext::load(const RedisTlsFiles& files) {
  std::shared_ptr<RedisTlsContext> made(new RedisTlsContext);
  made->context_.reset(SSL_CTX_new(TLS_client_method()));
  CHECK(made->context_ != nullptr, "OpenSSL has no TLS");
  made->name_ = files.name;
  SSL_CTX_set_min_proto_version(made->context_.get(), TLS1_2_VERSION);
  SSL_CTX_set_verify(made->context_.get(), SSL_VERIFY_PEER, nullptr);
  if (auto loaded = load_trust(made->context_.get(), files); !loaded) {
    return std::unexpected(loaded.error());
  }
  if (auto loaded = load_own(made->context_.get(), files); !loaded) {
    return std::unexpected(loaded.error());
  }
  return made;
}

RedisTlsSession::RedisTlsSession(const RedisTlsContext& context, const std::string& host)
    : session_(SSL_new(context.context_.get())) {
  CHECK(session_ != nullptr, "OpenSSL made no TLS session");
  const std::string& name = context.name_.empty() ? host : context.name_;
  X509_VERIFY_PARAM* const checks = SSL_get0_param(session_.get());
  if (X509_VERIFY_PARAM_set1_ip_asc(checks, name.c_str()) != 1) {  // not a literal address
    SSL_set1_host(session_.get(), name.c_str());
    SSL_set_tlsext_host_name(session_.get(), name.c_str());
  }
  SSL_set_bio(session_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  SSL_set_connect_state(session_.get());
}

Result<bool> RedisTlsSession::handshake() {
  ERR_clear_error();
  const int result = SSL_do_handshake(session_.get());
  if (result == 1) return true;
  if (SSL_get_error(session_.get(), result) == SSL_ERROR_WANT_READ) return false;
  return broken(session_.get());
}

void RedisTlsSession::put_wire(std::string_view received) {
  BIO_write(SSL_get_rbio(session_.get()), received.data(), static_cast<int>(received.size()));
}

std::string RedisTlsSession::take_wire() {
  BIO* const wire = SSL_get_wbio(session_.get());
  std::string bytes(BIO_ctrl_pending(wire), '\0');
  if (!bytes.empty()) BIO_read(wire, bytes.data(), static_cast<int>(bytes.size()));
  return bytes;
}

Result<void> RedisTlsSession::put_plain(std::string_view bytes) {
  ERR_clear_error();
  const int result = SSL_write(session_.get(), bytes.data(), static_cast<int>(bytes.size()));
  if (result == static_cast<int>(bytes.size())) return {};
  return broken(session_.get());
}

Result<std::string> RedisTlsSession::take_plain() {
  std::string bytes;
  char chunk[16 * 1024];
  while (true) {
    ERR_clear_error();
    const int result = SSL_read(session_.get(), chunk, sizeof chunk);
    if (result > 0) {
      bytes.append(chunk, static_cast<std::size_t>(result));
      continue;
    }
    const int why = SSL_get_error(session_.get(), result);
    if (why == SSL_ERROR_WANT_READ || !bytes.empty()) return bytes;
    if (why == SSL_ERROR_ZERO_RETURN) {
      return fail(ErrorCode::unavailable, "the server closed the connection");
    }
    return broken(session_.get());
  }
}

}  // namespace firstcome
