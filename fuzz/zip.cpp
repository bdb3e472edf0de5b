#include "minillama/io/zip.h"

#include "target.h"

void minillama::fuzz::read(std::string_view input) {
  const ZipArchive zip(as_bytes(input), "input");
  for (const ZipEntry& entry : zip.entries()) {
    zip.find(entry.name);
    try {
      zip.read(entry);
    } catch (const FileError&) {  // a wrong checksum; the next may be right
    }
  }
}
