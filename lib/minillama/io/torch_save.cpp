#include "minillama/io/torch_save.h"

#include <algorithm>
#include <array>
#include <functional>
#include <set>
#include <unordered_map>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/io/file_kind.h"
#include "minillama/io/module_wrappers.h"
#include "minillama/io/numpy_scalar.h"

namespace minillama {
namespace {

/// Where a pickle begins that torch.save wrote before 1.6: protocol 2, LONG1 of 10 bytes, and the
/// magic number 0x1950a86a20f9469cfc6c.
constexpr std::string_view kLegacyMagic =
    "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";

Bytes checked_zip(const MappedFile& file) {
  const Bytes bytes = file.bytes();
  if (ZipArchive::is_zip(bytes)) return bytes;
  refuse_failed_download(bytes, file.path());
  if (as_text(bytes).starts_with(kLegacyMagic)) {
    throw FileError(
        file.path(),
        "is in torch.save's format of before PyTorch 1.6; load and save it again there");
  }
  throw FileError(file.path(), "was not written by torch.save: it is no zip archive");
}

/// "archive/" if the archive's files are "archive/data.pkl", "archive/data/0", ….
std::string find_prefix(const ZipArchive& zip, const std::filesystem::path& path) {
  constexpr std::string_view kPickleName = "/data.pkl";
  std::optional<std::string_view> prefix;
  for (const ZipEntry& entry : zip.entries()) {
    const std::size_t slash = entry.name.find('/');
    if (slash == std::string_view::npos || entry.name.substr(slash) != kPickleName) continue;
    if (prefix) throw FileError(path, "was not written by torch.save: it has two data.pkl");
    prefix = entry.name.substr(0, slash + 1);
  }
  if (!prefix) {
    throw FileError(path, "was not written by torch.save: the zip archive has no data.pkl");
  }
  return std::string(*prefix);
}

Bytes read_pickle(const ZipArchive& zip, const std::string& prefix,
                  const std::filesystem::path& path) {
  for (const ZipEntry& entry : zip.entries()) {
    if (entry.name == prefix + "constants.pkl" || entry.name.starts_with(prefix + "code/")) {
      throw FileError(path,
                      "is a TorchScript archive (torch.jit.save or LibTorch's torch::save); only "
                      "what Python's torch.save wrote is read");
    }
  }
  if (const ZipEntry* byte_order = zip.find(prefix + "byteorder")) {
    const std::string_view order = as_text(zip.read(*byte_order));
    if (order != "little") {
      throw FileError(path, fmt::format("byte order is {}, must be little", quote(order)));
    }
  }
  return zip.read(*zip.find(prefix + "data.pkl"));
}

std::optional<DType> storage_dtype(PickleValue storage_class) {
  constexpr std::array<std::pair<std::string_view, DType>, 10> kClasses = {{
      {"DoubleStorage", DType::float64},
      {"FloatStorage", DType::float32},
      {"HalfStorage", DType::float16},
      {"BFloat16Storage", DType::bfloat16},
      {"LongStorage", DType::int64},
      {"IntStorage", DType::int32},
      {"ShortStorage", DType::int16},
      {"CharStorage", DType::int8},
      {"ByteStorage", DType::uint8},
      {"BoolStorage", DType::boolean},
  }};
  for (const auto& [name, dtype] : kClasses) {
    if (storage_class.is_global("torch", name)) return dtype;
  }
  return std::nullopt;
}

bool is_tensor_maker(PickleValue callable) {
  const std::string_view module = callable.module();
  return (module == "torch._utils" || module == "torch._tensor") &&
         callable.name().starts_with("_rebuild_");
}

std::string_view kind_of(PickleValue value) {
  if (value.is_mapping()) return "a dict";
  if (value.is_sequence()) return "a sequence";
  if (value.kind() == PickleKind::object && value.callable().module().starts_with("numpy")) {
    return "a value of numpy";
  }
  return is_tensor_maker(value.callable()) ? "a tensor" : "an object";
}

/// Makes the records of one dict or sequence; remembers the storages it has checked.
class TensorReader {
 public:
  TensorReader(const ZipArchive& zip, const std::string& prefix, const std::filesystem::path& path)
      : zip_(zip), prefix_(prefix), path_(path) {}

  /// Adds `value` if it is a tensor.
  void add(std::string_view name, PickleValue value) {
    if (!is_tensor_maker(value.callable())) return;
    name_ = name;
    if (value.callable().is_global("torch._utils", "_rebuild_parameter") ||
        value.callable().is_global("torch._utils", "_rebuild_parameter_with_state")) {
      value = argument(value, 0);
    }
    if (!value.callable().is_global("torch._utils", "_rebuild_tensor_v2")) {
      fail(fmt::format("made by {}, which is not supported", quote(value.callable().name())));
    }
    if (!names_.emplace(name).second) fail("is there twice");
    records_.push_back(make_record(value));
  }

  std::vector<TensorRecord> take() { return std::move(records_); }

 private:
  struct Storage {
    DType dtype;
    Bytes bytes;
  };

  [[noreturn]] void fail(std::string_view problem) const {
    throw FileError(path_, fmt::format("tensor {}: {}", quote(name_), problem));
  }

  PickleValue argument(PickleValue call, std::size_t i) const {
    if (i >= call.args().size()) fail(fmt::format("lacks argument {}", i));
    return call.args().item(i);
  }

  /// _rebuild_tensor_v2(storage, storage_offset, size, stride, requires_grad, backward_hooks)
  TensorRecord make_record(PickleValue call) {
    const Storage& storage = find_storage(argument(call, 0));
    TensorRecord record{.name = std::string(name_),
                        .dtype = storage.dtype,
                        .shape = integers(argument(call, 2), "size"),
                        .strides = integers(argument(call, 3), "stride"),
                        .data = storage.bytes};
    const std::optional<std::int64_t> offset = argument(call, 1).integer();
    const std::size_t stored = storage.bytes.size() / byte_size(storage.dtype);
    if (!offset || *offset < 0 || static_cast<std::uint64_t>(*offset) > stored) {
      fail(fmt::format("its offset {} lies outside its storage of {} elements",
                       offset ? std::to_string(*offset) : "(no integer)", stored));
    }
    const auto first = static_cast<std::size_t>(*offset);
    record.data = storage.bytes.subspan(first * byte_size(storage.dtype));
    check_tensor(record, path_);
    return record;
  }

  std::vector<std::int64_t> integers(PickleValue tuple, std::string_view what) const {
    if (!tuple.is_sequence()) fail(fmt::format("its {} is no tuple", what));
    if (tuple.size() > kMaxRank) {
      fail(fmt::format("{} dimensions, at most {}", tuple.size(), kMaxRank));
    }
    std::vector<std::int64_t> out;
    for (std::size_t i = 0; i < tuple.size(); ++i) {
      const std::optional<std::int64_t> number = tuple.item(i).integer();
      if (!number) fail(fmt::format("its {} holds something that is no integer", what));
      out.push_back(*number);
    }
    return out;
  }

  /// The persistent id is ("storage", class, key, device, number of elements).
  const Storage& find_storage(PickleValue value) {
    if (value.kind() != PickleKind::persistent || !value.item(0).is_sequence() ||
        value.item(0).size() != 5 || value.item(0).item(0).string() != "storage") {
      fail("it has no storage");
    }
    const PickleValue id = value.item(0);
    const std::optional<DType> dtype = storage_dtype(id.item(1));
    const std::optional<std::string_view> key = id.item(2).string();
    const std::optional<std::int64_t> count = id.item(4).integer();
    if (!dtype) fail(fmt::format("storage type {} is not supported", quote(id.item(1).name())));
    if (!key || !count) fail("the reference to its storage is damaged");

    const auto known = storages_.find(*key);
    if (known == storages_.end()) {
      const ZipEntry* entry = zip_.find(fmt::format("{}data/{}", prefix_, *key));
      if (entry == nullptr) fail(fmt::format("its storage {} is missing", quote(*key)));
      const Storage storage{*dtype, zip_.read(*entry)};
      check_storage(storage, *key, *dtype, *count);
      return storages_.emplace(*key, storage).first->second;
    }
    check_storage(known->second, *key, *dtype, *count);
    return known->second;
  }

  void check_storage(const Storage& storage, std::string_view key, DType dtype,
                     std::int64_t count) const {
    if (storage.dtype != dtype) {
      fail(fmt::format("its storage {} is of {} and of {}", quote(key), to_string(dtype),
                       to_string(storage.dtype)));
    }
    const std::size_t size = byte_size(dtype);
    if (storage.bytes.size() % size != 0 || count < 0 ||
        static_cast<std::uint64_t>(count) != storage.bytes.size() / size) {
      fail(fmt::format("its storage {} has {} bytes, not {} elements of {}", quote(key),
                       storage.bytes.size(), count, to_string(dtype)));
    }
  }

  const ZipArchive& zip_;
  const std::string& prefix_;
  const std::filesystem::path& path_;
  std::string_view name_;  ///< of the tensor being read
  std::set<std::string, std::less<>> names_;
  std::unordered_map<std::string_view, Storage> storages_;
  std::vector<TensorRecord> records_;
};

/// The number in a tensor without dimensions, if it is of one of the usual types.
std::optional<PythonScalar> tensor_number(const TensorRecord& record) {
  if (!record.shape.empty()) return {};
  const std::string_view bytes = as_text(record.data.first(byte_size(record.dtype)));
  switch (record.dtype) {
    case DType::float64:
      return numpy_number("f8", bytes);
    case DType::float32:
      return numpy_number("f4", bytes);
    case DType::int64:
      return numpy_number("i8", bytes);
    case DType::int32:
      return numpy_number("i4", bytes);
    default:
      return {};
  }
}

}  // namespace

TorchSaveFile::TorchSaveFile(std::filesystem::path path)
    : file_(std::move(path)),
      zip_(checked_zip(file_), file_.path()),
      prefix_(find_prefix(zip_, file_.path())),
      pickle_(read_pickle(zip_, prefix_, file_.path()), file_.path()) {}

bool TorchSaveFile::is_torch_save(Bytes bytes) {
  return ZipArchive::is_zip(bytes) || as_text(bytes).starts_with(kLegacyMagic);
}

bool TorchSaveFile::has_mapping(std::string_view key) const {
  const std::optional<PickleValue> value = root().find(key);
  return value && value->is_mapping();
}

std::vector<TensorRecord> TorchSaveFile::tensors() const {
  return tensors_of(root());
}

std::vector<TensorRecord> TorchSaveFile::tensors_under(std::string_view key) const {
  const std::optional<PickleValue> value = root().find(key);
  if (!value) throw FileError(file_.path(), fmt::format("has no entry {}", quote(key)));
  return tensors_of(*value);
}

std::vector<TensorRecord> TorchSaveFile::tensors_of(PickleValue value) const {
  TensorReader reader(zip_, prefix_, file_.path());
  if (value.is_mapping()) {
    for (std::size_t i = 0; i < value.size(); ++i) {
      std::optional<std::string_view> name = value.key(i).string();
      if (!name) continue;
      reader.add(without_wrappers(*name), value.value(i));
    }
  } else if (value.is_sequence()) {
    for (std::size_t i = 0; i < value.size(); ++i) reader.add(std::to_string(i), value.item(i));
  } else {
    throw FileError(file_.path(), "holds neither a dict nor a tuple of tensors");
  }
  return reader.take();
}

std::vector<std::pair<std::string_view, PythonScalar>> TorchSaveFile::scalars_under(
    std::string_view key) const {
  std::vector<std::pair<std::string_view, PythonScalar>> out;
  const std::optional<PickleValue> fields = root().find(key);
  if (!fields || !fields->is_mapping()) return out;
  for (std::size_t i = 0; i < fields->size(); ++i) {
    const std::optional<std::string_view> name = fields->key(i).string();
    const PickleValue value = fields->value(i);
    if (!name) continue;
    out.emplace_back(*name, scalar_of(*name, value));
  }
  return out;
}

PythonScalar TorchSaveFile::scalar_of(std::string_view name, PickleValue value) const {
  if (value.is_none()) return std::monostate();
  if (const auto boolean = value.boolean()) return *boolean;
  if (const auto integer = value.integer()) return *integer;
  if (const auto real = value.real()) return *real;
  if (const auto text = value.string()) return *text;
  if (const auto number = numpy_scalar(value)) return *number;
  if (is_tensor_maker(value.callable())) {
    TensorReader reader(zip_, prefix_, file_.path());
    reader.add(name, value);
    if (const auto number = tensor_number(reader.take().at(0))) return *number;
  }
  return PythonOther{kind_of(value)};
}

}  // namespace minillama
