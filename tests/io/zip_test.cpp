#include "minillama/io/zip.h"

#include "minillama/core/error.h"

#include "support/catch.h"
#include "support/zip_writer.h"

using namespace minillama;
using test::zip_archive;
using test::ZipEndLies;

namespace {

const std::filesystem::path kName = "x.zip";

/// Reads every entry.
void read_all(const std::string& archive) {
  const ZipArchive zip(as_bytes(archive), kName);
  for (const ZipEntry& entry : zip.entries()) zip.read(entry);
}

}  // namespace

TEST_CASE("zip: entries are found by name and read") {
  for (const bool zip64 : {false, true}) {
    for (const std::string comment : {"", "a comment", "PK\x05\x06 in a comment of some length"}) {
      const std::string archive =
          zip_archive({{.name = "b", .content = "hello"}, {.name = "a/c", .content = ""}},
                      {.zip64 = zip64, .comment = comment});
      const ZipArchive zip(as_bytes(archive), kName);
      REQUIRE(zip.entries().size() == 2);
      CHECK(zip.entries()[0].name == "b");
      REQUIRE(zip.find("b") != nullptr);
      CHECK(as_text(zip.read(*zip.find("b"))) == "hello");
      REQUIRE(zip.find("a/c") != nullptr);
      CHECK(zip.read(*zip.find("a/c")).empty());
      CHECK(zip.find("a") == nullptr);
      CHECK(zip.find("c") == nullptr);
    }
  }
  CHECK(ZipArchive(as_bytes(zip_archive({})), kName).entries().empty());
}

TEST_CASE("zip: what begins like an archive") {
  CHECK(ZipArchive::is_zip(as_bytes(zip_archive({{.name = "a"}}))));
  CHECK(ZipArchive::is_zip(as_bytes(zip_archive({}))));
  CHECK_FALSE(ZipArchive::is_zip(as_bytes("PK")));
  CHECK_FALSE(ZipArchive::is_zip({}));
}

TEST_CASE("zip: damaged content is found when it is read") {
  std::string archive = zip_archive({{.name = "w", .content = "hello"}, {.name = "v"}});
  archive[archive.find("hello")] = 'j';
  const ZipArchive zip(as_bytes(archive), kName);
  CHECK_NOTHROW(zip.read(*zip.find("v")));
  CHECK_THROWS_WITH(zip.read(*zip.find("w")),
                    "x.zip: zip entry \"w\": damaged: its CRC is 4cd0f5e6, should be 3610a686");
}

TEST_CASE("zip: what is not read is refused with the reason") {
  CHECK_THROWS_WITH(read_all(zip_archive({{.name = "w", .method = 8}})),
                    contains("compressed (method 8)"));
  CHECK_THROWS_WITH(read_all(zip_archive({{.name = "w", .flags = 1}})), contains("encrypted"));
  CHECK_THROWS_WITH(read_all(zip_archive({{.name = "w"}}, {.disk = 1})), contains("several disks"));
  CHECK_THROWS_WITH(read_all(zip_archive({{.name = "w"}}, {.zip64 = true, .disk = 1})),
                    contains("several disks"));
  CHECK_THROWS_WITH(read_all("no archive"), contains("not a zip archive"));
}

TEST_CASE("zip: an entry cannot lie about its place and size") {
  CHECK_THROWS_WITH(read_all(zip_archive({{.name = "w", .content = "abc", .size = 1000}})),
                    contains("1000 bytes at byte 31 reach beyond"));
  CHECK_THROWS_WITH(read_all(zip_archive({{.name = "w", .content = "abc", .stored_size = 2}})),
                    contains("2 stored bytes for 3"));
  CHECK_THROWS_AS(read_all(zip_archive({{.name = "w", .offset = 0xFFFFFF00}})), FileError);
  CHECK_THROWS_AS(read_all(zip_archive({{.name = "w", .offset = UINT64_MAX}}, {.zip64 = true})),
                  FileError);
  CHECK_THROWS_AS(read_all(zip_archive({{.name = "w", .size = UINT64_MAX}}, {.zip64 = true})),
                  FileError);
  CHECK_THROWS_WITH(read_all(zip_archive({{.name = "w", .offset = 3}})),
                    contains("no local header at byte 3"));
  CHECK_THROWS_WITH(read_all(zip_archive({{.name = "w", .local_name = "v"}})),
                    contains("its local header names \"v\""));
}

TEST_CASE("zip: entries share neither names nor bytes") {
  CHECK_THROWS_WITH(read_all(zip_archive({{.name = "w"}, {.name = "v"}, {.name = "w"}})),
                    "x.zip: zip entry \"w\": is there twice");
  // The second entry lies in the content of the first.
  const std::string inner = zip_archive({{.name = "v", .content = "x"}});
  CHECK_THROWS_WITH(read_all(zip_archive({{.name = "w", .content = inner},
                                          {.name = "v", .content = "x", .offset = 31}})),
                    "x.zip: zip entry \"v\": overlaps \"w\"");
}

TEST_CASE("zip: the end record cannot lie about the directory") {
  for (const bool zip64 : {false, true}) {
    const auto with = [&](ZipEndLies end) {
      end.zip64 = zip64;
      return zip_archive({{.name = "w", .content = "abc"}}, end);
    };
    CHECK_THROWS_AS(read_all(with({.count = 0})), FileError);
    CHECK_THROWS_AS(read_all(with({.count = 2})), FileError);
    CHECK_THROWS_WITH(read_all(with({.count = 60000})), contains("cannot hold 60000 entries"));
    CHECK_THROWS_AS(read_all(with({.directory_size = 46})), FileError);
    CHECK_THROWS_AS(read_all(with({.directory_offset = 0})), FileError);
    CHECK_THROWS_AS(read_all(with({.directory_size = 0xFFFFFFFE})), FileError);
    CHECK_THROWS_AS(read_all("something in front" + with({})), FileError);
    CHECK_THROWS_AS(read_all(with({}) + "something behind"), FileError);
  }
  CHECK_THROWS_AS(read_all(zip_archive({{.name = "w"}}, {.zip64 = true, .count = UINT64_MAX})),
                  FileError);
  CHECK_THROWS_AS(
      read_all(zip_archive({{.name = "w"}}, {.zip64 = true, .directory_offset = UINT64_MAX})),
      FileError);
}

TEST_CASE("zip: a cut or flipped archive is refused or read, never worse") {
  for (const bool zip64 : {false, true}) {
    const std::string archive = zip_archive(
        {{.name = "w", .content = "abc"}, {.name = "v", .content = "de"}}, {.zip64 = zip64});
    for (std::size_t size = 0; size < archive.size(); ++size) {
      // A copy on the heap, so that a sanitizer sees any step beyond it.
      CHECK_THROWS_AS(read_all(archive.substr(0, size)), FileError);
    }
    for (std::size_t i = 0; i < archive.size(); ++i) {
      for (int mask = 1; mask < 256; ++mask) {
        std::string damaged = archive;
        damaged[i] = static_cast<char>(damaged[i] ^ mask);
        try {
          read_all(damaged);
        } catch (const FileError&) {
        }
      }
    }
  }
}
