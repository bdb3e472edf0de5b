#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "minillama/io/mapped_file.h"
#include "minillama/io/pickle.h"
#include "minillama/io/tensor_record.h"
#include "minillama/io/zip.h"

namespace minillama {

/// A value of Python's that is no scalar; what it is, as in "a dict".
struct PythonOther {
  std::string_view kind;
  bool operator==(const PythonOther&) const = default;
};

/// None, bool, int, float or str of Python. Scalars of numpy and tensors of one element without
/// dimensions count as what they hold.
using PythonScalar =
    std::variant<std::monostate, bool, std::int64_t, double, std::string_view, PythonOther>;

/// A file that Python's `torch.save` wrote (zip format, PyTorch 1.6 and later), e.g. llama2.c's
/// `{"model": OrderedDict of tensors, "model_args": {...}, "iter_num": ..., ...}`.
///
/// Nothing in the file is executed, and what is not asked for is not constructed: argparse
/// namespaces, optimizer and random states do no harm. (LibTorch's own reader refuses an
/// OrderedDict with attributes, which every state_dict is, and crashes on crafted files.)
class TorchSaveFile {
 public:
  /// Throws FileError if the file is damaged or something else: the format of before 1.6, a
  /// TorchScript archive, big-endian, a web page, …
  explicit TorchSaveFile(std::filesystem::path path);

  /// Whether `bytes` begin like what torch.save writes, the format of before 1.6 included.
  static bool is_torch_save(Bytes bytes);

  const std::filesystem::path& path() const { return file_.path(); }

  /// The saved value.
  PickleValue root() const { return pickle_.root(); }

  /// Whether the saved value is a dict with that key, and holds a dict (a plain or ordered one)
  /// there.
  bool has_mapping(std::string_view key) const;

  /// The tensors of the saved value itself, in file order: of a dict (a bare state dict) under
  /// their keys without those of wrapping modules (io/module_wrappers.h), of a tuple or list as
  /// "0", "1", …. Whatever is no tensor is left out. Tensors that share a storage share bytes.
  /// Valid as long as this file is.
  ///
  /// Throws FileError naming the tensor if it is of a kind or type that is not supported, reaches
  /// outside its storage, its storage is damaged (CRC), or a name comes twice.
  std::vector<TensorRecord> tensors() const;
  /// The tensors of the entry `key` of the saved dict, as above. Throws FileError if it is missing.
  std::vector<TensorRecord> tensors_under(std::string_view key) const;

  /// The entries of the dict under `key` ("model_args") in file order; those that are no scalars as
  /// PythonOther. Empty if there is no such dict. Valid as long as this file is.
  std::vector<std::pair<std::string_view, PythonScalar>> scalars_under(std::string_view key) const;

 private:
  std::vector<TensorRecord> tensors_of(PickleValue value) const;
  PythonScalar scalar_of(std::string_view name, PickleValue value) const;

  MappedFile file_;
  ZipArchive zip_;
  std::string prefix_;  ///< "archive/" of "archive/data.pkl"
  Pickle pickle_;
};

}  // namespace minillama
