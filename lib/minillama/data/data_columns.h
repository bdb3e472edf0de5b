#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace minillama {

/// Which columns of a table, or fields of JSON objects, are meant.
struct DataColumns {
  std::string text;   ///< a name or, of a table, a number from 1 on; "": guessed
  std::string label;  ///< the same
};

/// Which of `names` is by its name the column of texts ("text", "sentence", "review", …) or of
/// labels ("label", "class", "sentiment", …), in whatever letters; of several the one whose name is
/// the plainest.
std::optional<std::size_t> known_text_column(std::span<const std::string> names);
std::optional<std::size_t> known_label_column(std::span<const std::string> names);

/// What the columns of a table are.
struct ColumnPlaces {
  std::size_t text = 0;
  std::size_t label = 0;
  bool has_header = false;  ///< the first row has names
  bool guessed = false;
};

/// Finds the columns of the table `rows`, of which each has as many as the first.
///
/// The first row is a header if a column that is wanted by name is in it, if the known names of
/// both kinds are, or if that of its kind stands where a number in `wanted` says. A column that is
/// not wanted is known by its name in the header, or is the other one of two. Of two columns
/// without a header, the labels are those of which fewer are different or, if as many are, the
/// shorter ones. Throws FileError naming the file `path` and its columns if one is not there or
/// cannot be guessed.
ColumnPlaces find_columns(const std::vector<std::vector<std::string>>& rows,
                          const DataColumns& wanted, const std::filesystem::path& path);

}  // namespace minillama
