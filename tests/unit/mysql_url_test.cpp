#include "ledger/mysql/mysql_url.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

namespace firstcome {
namespace {

using namespace std::chrono_literals;

std::string why_refused(const std::string& text) {
  const auto url = parse_mysql_url(text);
  if (url) return "taken as " + url->str();
  EXPECT_EQ(url.error().code, ErrorCode::invalid);
  EXPECT_EQ(url.error().field, "ledger");
  return url.error().message;
}

TEST(MysqlUrl, names_everything) {
  const auto url = parse_mysql_url(
      "mysql://app:s%40cr%2Fet@db1:3307/shop%20one?replica=db2:3308&replica=[::1]&pool=20&"
      "wait_ms=0&connect_timeout_ms=500&tls=verify&tls_ca=/etc/ca%26.pem&semi_sync=required");
  ASSERT_TRUE(url) << url.error().message;
  EXPECT_EQ(url->primary, (MysqlEndpoint{"db1", 3307}));
  EXPECT_EQ(url->replicas, (std::vector<MysqlEndpoint>{{"db2", 3308}, {"::1", 3306}}));
  EXPECT_EQ(url->login.user, "app");
  EXPECT_EQ(url->login.password, "s@cr/et");
  EXPECT_EQ(url->login.database, "shop one");
  EXPECT_EQ(url->login.tls, MysqlTls::verify);
  EXPECT_EQ(url->login.tls_ca, "/etc/ca&.pem");
  EXPECT_EQ(url->login.connect_timeout, 500ms);
  EXPECT_EQ(url->pool, 20U);
  EXPECT_EQ(url->wait, 0ms);
  EXPECT_TRUE(url->semi_sync_required);
}

TEST(MysqlUrl, needs_only_user_host_and_database) {
  const auto url = parse_mysql_url("mysql://app@db1/shop");
  ASSERT_TRUE(url) << url.error().message;
  MysqlUrl expected;
  expected.primary = {"db1", 3306};
  expected.login.user = "app";
  expected.login.database = "shop";
  EXPECT_EQ(*url, expected);
}

TEST(MysqlUrl, takes_these) {
  for (const auto* good : {
           "mysql://app:@h/d",                      // an empty password
           "mysql://app:a:b@h/d",                   // a colon in the password
           "mysql://app@10.0.0.1:65535/d",          //
           "mysql://app@[2001:db8::1]:1/d",         //
           "mysql://app@db_1.internal.example./d",  //
           "mysql://%EA%B9%80@h/d",                 // any bytes but NUL
           "mysql://app@h/d?replica=%5B::1%5D:1",   // an option's value is decoded first
       }) {
    EXPECT_TRUE(parse_mysql_url(good)) << why_refused(good);
  }
}

struct Refused {
  const char* text;
  const char* why;
};

TEST(MysqlUrl, says_what_is_wrong_and_where) {
  const Refused table[] = {
      {"", "it does not begin with mysql://; its form is mysql://user:password@host:port/database"},
      {"mariadb://app@h/d",
       "it does not begin with mysql://; its form is mysql://user:password@host:port/database"},
      {"mysql://", "it names no user; its form is mysql://user:password@host:port/database"},
      {"mysql://h/d", "it names no user; its form is mysql://user:password@host:port/database"},
      {"mysql://:pw@h/d", "it names no user; its form is mysql://user:password@host:port/database"},
      {"mysql://app@h",
       "it names no database; its form is mysql://user:password@host:port/database"},
      {"mysql://app@h/",
       "it names no database; its form is mysql://user:password@host:port/database"},
      {"mysql://app@h/?pool=1",
       "it names no database; its form is mysql://user:password@host:port/database"},
      {"mysql://app@h/a/b", "the database is 'a/b': write / as %2F"},
      {"mysql://app@/d", "the primary is '', not host:port"},
      {"mysql://app@h h/d", "the primary is 'h h', not host:port"},
      {"mysql://app@h:/d", "the primary's port is '', not 1 to 65535"},
      {"mysql://app@h:0/d", "the primary's port is '0', not 1 to 65535"},
      {"mysql://app@h:65536/d", "the primary's port is '65536', not 1 to 65535"},
      {"mysql://app@h:+1/d", "the primary's port is '+1', not 1 to 65535"},
      {"mysql://app@h:1x/d", "the primary's port is '1x', not 1 to 65535"},
      {"mysql://app@::1/d", "the primary is '::1': an IPv6 address stands in brackets"},
      {"mysql://app@[::1/d", "the primary is '[::1', not [IPv6 address]:port"},
      {"mysql://app@[db1]/d", "the primary is '[db1]', not [IPv6 address]:port"},
      {"mysql://app@[]:1/d", "the primary is '[]:1', not [IPv6 address]:port"},
      {"mysql://app@[::1]1/d", "the primary is '[::1]1', not [IPv6 address]:port"},
      {"mysql://app@h/d#x", "write # as %23"},
      {"mysql://app@h/d?", "the option '' has no value: name=value"},
      {"mysql://app@h/d?pool", "the option 'pool' has no value: name=value"},
      {"mysql://app@h/d?pool=1&", "the option '' has no value: name=value"},
      {"mysql://app@h/d?pool=0", "the option pool is '0', not 1 to 1000"},
      {"mysql://app@h/d?pool=1001", "the option pool is '1001', not 1 to 1000"},
      {"mysql://app@h/d?pool=", "the option pool is '', not 1 to 1000"},
      {"mysql://app@h/d?pool=-1", "the option pool is '-1', not 1 to 1000"},
      {"mysql://app@h/d?pool=1&pool=1", "the option 'pool' is given twice"},
      {"mysql://app@h/d?wait_ms=60001", "the option wait_ms is '60001', not 0 to 60000"},
      {"mysql://app@h/d?connect_timeout_ms=99",
       "the option connect_timeout_ms is '99', not 100 to 60000"},
      {"mysql://app@h/d?tls=yes", "the option tls is 'yes', not off or on or verify"},
      {"mysql://app@h/d?tls=on&tls_ca=a", "the option tls_ca is of use with tls=verify only"},
      {"mysql://app@h/d?tls=verify&tls_ca=", "the option tls_ca names no file"},
      {"mysql://app@h/d?semi_sync=on", "the option semi_sync is 'on', not advised or required"},
      {"mysql://app@h/d?replica=h2:x", "a replica's port is 'x', not 1 to 65535"},
      {"mysql://app@h/d?replica=", "a replica is '', not host:port"},
      {"mysql://app@h/d?Pool=1",
       "there is no option 'Pool', only replica, pool, wait_ms, connect_timeout_ms, tls, tls_ca "
       "and semi_sync"},
      {"mysql://a%p@h/d", "in the user, a '%' is not followed by two hexadecimal digits, not 00"},
      {"mysql://app:%0@h/d",
       "in the password, a '%' is not followed by two hexadecimal digits, not 00"},
      {"mysql://app@h/%00",
       "in the database, a '%' is not followed by two hexadecimal digits, not 00"},
      {"mysql://app@h/d?pool=%+1",
       "in the option 'pool', a '%' is not followed by two hexadecimal digits, not 00"},
  };
  for (const Refused& row : table) {
    EXPECT_EQ(why_refused(row.text), std::string("the ledger's URL: ") + row.why) << row.text;
  }
}

// Signs that should have been escaped make pieces of a password look like something else.
TEST(MysqlUrl, never_shows_a_password_in_an_error) {
  for (const auto* bad : {
           "mysql://app:pa/hunter2@h/d",
           "mysql://app:hunter2/ss@h:x/d",
           "mysql://app:pa?hunter2@h/d",
           "mysql://app:hunter2#ss@h/d",
           "mysql://app:p@hunter2@h/d",
           "mysql://app:[hunter2]@h/d",
           "mysql://app:hunter2%@h/d",
           "mysql://app:hunter2@h:x/d",
           "mysql://app:hunter2@h/d?poool=1",
           "mysql://app:hunter2",
       }) {
    const std::string why = why_refused(bad);
    EXPECT_FALSE(why.contains("hunter2")) << why;
  }
}

TEST(MysqlUrl, is_shown_without_its_password) {
  for (const auto* text : {
           "mysql://app@db1:3306/shop",
           "mysql://app:***@db1:3307/shop%20one?replica=db2:3308&replica=[::1]:3306&pool=20&"
           "wait_ms=0&connect_timeout_ms=500&tls=verify&tls_ca=/etc/ca%26.pem&semi_sync=required",
           "mysql://a%3Ab:***@[::1]:1/d?tls=on",
       }) {
    EXPECT_EQ(parse_mysql_url(text)->str(), text);
  }
  EXPECT_EQ(parse_mysql_url("mysql://app:hunter2@h/d")->str(), "mysql://app:***@h:3306/d");
}

// Some bytes escaped that need not be.
std::string escaped(const std::string& text) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (const char c : text) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (is_plain && *rc::gen::arbitrary<bool>()) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += {'%', digits[byte >> 4], digits[byte & 15]};
    }
  }
  return out;
}

RC_GTEST_PROP(MysqlUrl, gives_back_what_was_written_into_it, ()) {
  const auto word = rc::gen::nonEmpty(rc::gen::container<std::string>(rc::gen::nonZero<char>()));
  const std::string user = *word;
  const std::string password = *word;
  const std::string database = *word;
  const std::string ca = *word;
  const auto pool = *rc::gen::inRange(1, 1001);
  const auto port = *rc::gen::inRange(1, 65536);
  const auto url = parse_mysql_url(
      "mysql://" + escaped(user) + ":" + escaped(password) + "@h:" + std::to_string(port) + "/" +
      escaped(database) + "?tls=verify&tls_ca=" + escaped(ca) + "&pool=" + std::to_string(pool));
  RC_ASSERT(url.has_value());
  RC_ASSERT(url->login.user == user);
  RC_ASSERT(url->login.password == password);
  RC_ASSERT(url->login.database == database);
  RC_ASSERT(url->login.tls_ca == ca);
  RC_ASSERT(url->pool == static_cast<std::size_t>(pool));
  RC_ASSERT(url->primary.port == port);
  MysqlUrl shown = *url;
  shown.login.password = "***";
  RC_ASSERT(parse_mysql_url(url->str()).value() == shown);
}

RC_GTEST_PROP(MysqlUrl, never_fails_but_by_saying_so, (const std::string& text)) {
  const auto url = parse_mysql_url("mysql://" + text);
  RC_ASSERT(url.has_value() || url.error().code == ErrorCode::invalid);
}

}  // namespace
}  // namespace firstcome
