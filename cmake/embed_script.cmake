# Run by embed(): writes INPUT's bytes as a C++ character array, so that no quoting can go wrong.
file(READ ${INPUT} hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${hex}")
set(one "'[^']*',")
string(REGEX REPLACE "(${one}${one}${one}${one}${one}${one}${one}${one}${one}${one})"
       "\\1\n    " bytes "${bytes}")
file(WRITE ${OUTPUT}
"#include <string_view>
namespace firstcome::embedded {
namespace {
constexpr char bytes[] = {${bytes}'\\0'};
}
extern const std::string_view ${SYMBOL};
const std::string_view ${SYMBOL}{bytes, sizeof(bytes) - 1};
}  // namespace firstcome::embedded
")
