#include "load/documents.hpp"

#include <filesystem>
#include <fstream>

namespace firstcome::load {
namespace {

std::unexpected<Error> cannot_write(const std::string& path, const std::string& why) {
  return invalid("out", "cannot write '" + path + "': " + why);
}

}  // namespace

Result<void> write_documents(const std::string& directory, std::span<const Document> documents) {
  std::error_code code;
  std::filesystem::create_directories(directory, code);
  if (code) return cannot_write(directory, code.message());
  for (const Document& document : documents) {
    const std::string path = directory + "/" + document.name;
    std::ofstream file(path, std::ios::trunc | std::ios::binary);
    file << document.text << std::flush;
    if (!file) return cannot_write(path, "open or write failed");
  }
  return {};
}

}  // namespace firstcome::load
