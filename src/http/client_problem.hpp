#pragma once

#include <string>

#include "http/client.hpp"

// What a reply that is not the hoped-for one says, for people. Pure function.

namespace firstcome::http {

// "409 Conflict: stock is below what was issued (field stock)": status, title, detail and field of
// a problem (RFC 9457), or the status and the start of whatever else the body is.
[[nodiscard]] std::string describe_problem(const ClientReply& reply);

}  // namespace firstcome::http
