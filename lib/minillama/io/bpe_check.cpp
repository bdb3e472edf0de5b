#include "minillama/io/bpe_check.h"

#include <cstdint>
#include <string_view>
#include <unordered_set>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/core/utf8.h"

namespace minillama {
namespace {

void check_pieces(const BpeRecord& record, const std::filesystem::path& path) {
  if (record.pieces.empty()) throw FileError(path, "has no tokens");
  if (record.pieces.size() > INT32_MAX) throw FileError(path, "has too many tokens");
  std::unordered_set<std::string_view> seen(record.pieces.size());
  for (std::size_t id = 0; id < record.pieces.size(); ++id) {
    const std::string_view piece = record.pieces[id];
    const auto fail = [&](std::string_view problem) {
      throw FileError(path, fmt::format("token {}, {}, {}", id, quote(piece), problem));
    };
    if (piece.empty()) fail("is empty");
    if (utf8_valid_prefix(piece) != piece.size()) fail("is not UTF-8");
    if (!seen.insert(piece).second) fail("is there twice");
  }
}

}  // namespace

void check_bpe_record(const BpeRecord& record, const std::filesystem::path& path) {
  check_pieces(record, path);
  const auto n_pieces = static_cast<std::int64_t>(record.pieces.size());
  const auto check_id = [&](std::string_view what, std::int64_t id) {
    if (id < 0 || id >= n_pieces) {
      throw FileError(path, fmt::format("{} is token {}, there are {}", what, id, n_pieces));
    }
  };
  const auto text_of = [&](std::int32_t id) -> std::string_view {
    return record.pieces[static_cast<std::size_t>(id)];
  };
  for (std::size_t rank = 0; rank < record.merges.size(); ++rank) {
    const auto& merge = record.merges[rank];
    for (const auto id : {merge.left, merge.right, merge.result}) check_id("a merge's part", id);
    const auto left = text_of(merge.left);
    const auto right = text_of(merge.right);
    const auto result = text_of(merge.result);
    const bool is_both = result.size() == left.size() + right.size() && result.starts_with(left) &&
                         result.ends_with(right);
    if (!is_both) {
      throw FileError(path, fmt::format("merge {} makes {} of {} and {}", rank, quote(result),
                                        quote(left), quote(right)));
    }
  }
  std::int64_t last = -1;
  for (const auto& added : record.added) {
    check_id("an added token", added.id);
    if (added.id <= last) throw FileError(path, fmt::format("token {} is added twice", added.id));
    last = added.id;
  }
  if (record.unknown != -1) check_id("the unknown token", record.unknown);
  if (record.bos != -1) check_id("the token that begins a text", record.bos);
  if (record.eos != -1) check_id("the token that ends a text", record.eos);
  if (record.pad != -1) check_id("the padding token", record.pad);
}

}  // namespace minillama
