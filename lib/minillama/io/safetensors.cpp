#include "minillama/io/safetensors.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <optional>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "minillama/core/error.h"
#include "minillama/io/atomic_file.h"
#include "minillama/io/byte_reader.h"
#include "minillama/io/file_kind.h"

namespace minillama {
namespace {

// Not the insertion-ordered Json of core/json.h, which looks names up one by one: a header may hold
// millions of them.
using SortedJson = nlohmann::json;

constexpr std::uint64_t kLargestHeader = 100'000'000;
constexpr std::size_t kAlignment = 64;  // a cache line: the tensors may be used where they lie
constexpr std::string_view kMetadata = "__metadata__";

constexpr std::array<std::pair<std::string_view, DType>, 10> kTypeNames = {
    {{"F64", DType::float64},
     {"F32", DType::float32},
     {"F16", DType::float16},
     {"BF16", DType::bfloat16},
     {"I64", DType::int64},
     {"I32", DType::int32},
     {"I16", DType::int16},
     {"I8", DType::int8},
     {"U8", DType::uint8},
     {"BOOL", DType::boolean}}};

std::string_view type_name(DType dtype) {
  const auto found = std::find_if(kTypeNames.begin(), kTypeNames.end(),
                                  [&](const auto& pair) { return pair.second == dtype; });
  if (found != kTypeNames.end()) return found->first;
  throw OptionError(fmt::format("safetensors has no type {}", to_string(dtype)));
}

/// The header is an object of objects of strings and lists of numbers. The parser alone would build
/// any depth, and take the last of several values with the same name.
SortedJson parse_header(std::string_view text, const std::filesystem::path& path) {
  using Event = nlohmann::json::parse_event_t;
  constexpr int kDeepest = 3;
  std::array<std::set<std::string>, kDeepest> names;  // of the open object at each depth
  const auto check = [&](int depth, Event event, SortedJson& value) {
    if ((event == Event::object_start || event == Event::array_start)) {
      if (depth >= kDeepest) throw FileError(path, "header is nested too deeply");
      names[static_cast<std::size_t>(depth)].clear();
    }
    if (event == Event::key) {
      const auto& name = value.get_ref<const std::string&>();
      if (!names[static_cast<std::size_t>(depth) - 1].insert(name).second) {
        throw FileError(path, fmt::format("header names {} twice", quote(name)));
      }
    }
    return true;
  };
  try {
    return SortedJson::parse(text, check);
  } catch (const nlohmann::json::exception& error) {
    throw FileError(path, fmt::format("header is no valid JSON: {}", quote(error.what(), 160)));
  }
}

/// One entry of the header, with the place that it states for its bytes.
struct Entry {
  TensorRecord record;
  std::uint64_t begin = 0, end = 0;
};

/// Reads the entry of one tensor from the header; `data` is all that follows the header.
class EntryReader {
 public:
  EntryReader(Bytes data, const std::filesystem::path& path) : data_(data), path_(path) {}

  Entry read(const std::string& name, const SortedJson& fields) {
    name_ = name;
    if (!fields.is_object()) fail("its entry is no object");
    for (const auto& [field, value] : fields.items()) {
      if (field != "dtype" && field != "shape" && field != "data_offsets") {
        fail(fmt::format("unknown field {}", quote(field)));
      }
    }
    Entry entry;
    entry.record.name = name;
    entry.record.dtype = dtype(at(fields, "dtype"));
    for (const std::uint64_t size : numbers(at(fields, "shape"), "shape", kMaxRank)) {
      entry.record.shape.push_back(static_cast<std::int64_t>(size));
    }
    entry.record.strides = contiguous_strides(entry.record.shape);
    const std::vector<std::uint64_t> offsets =
        numbers(at(fields, "data_offsets"), "data_offsets", 2);
    if (offsets.size() != 2 || offsets[0] > offsets[1] || offsets[1] > data_.size()) {
      fail(fmt::format("data_offsets {} lie outside the {} bytes of data", offsets, data_.size()));
    }
    entry.begin = offsets[0];
    entry.end = offsets[1];
    entry.record.data = data_.subspan(entry.begin, entry.end - entry.begin);
    entry.record.is_mapped = true;
    check_tensor(entry.record, path_);
    const auto size = storage_size(entry.record.dtype, element_count(entry.record));
    if (size != entry.record.data.size()) {
      fail(fmt::format("data_offsets {} do not fit shape {} of {}", offsets, entry.record.shape,
                       to_string(entry.record.dtype)));
    }
    return entry;
  }

 private:
  [[noreturn]] void fail(std::string_view problem) const {
    throw FileError(path_, fmt::format("tensor {}: {}", quote(name_), problem));
  }

  const SortedJson& at(const SortedJson& fields, const char* field) const {
    const auto found = fields.find(field);
    if (found == fields.end()) fail(fmt::format("{} is missing", field));
    return *found;
  }

  DType dtype(const SortedJson& value) const {
    if (!value.is_string()) fail("dtype is no string");
    const auto& text = value.get_ref<const std::string&>();
    for (const auto& [name, dtype] : kTypeNames) {
      if (text == name) return dtype;
    }
    fail(fmt::format("dtype {} is not supported", quote(text)));
  }

  std::vector<std::uint64_t> numbers(const SortedJson& value, std::string_view field,
                                     std::size_t most) const {
    if (!value.is_array() || value.size() > most) {
      fail(fmt::format("{} must be a list of at most {} numbers", field, most));
    }
    std::vector<std::uint64_t> out;
    for (const SortedJson& number : value) {
      // The parser calls every non-negative integer unsigned, and what exceeds 64 bits a float.
      if (!number.is_number_unsigned() || number.get<std::uint64_t>() > INT64_MAX) {
        fail(fmt::format("{} holds {}", field, quote(number.dump())));
      }
      out.push_back(number.get<std::uint64_t>());
    }
    return out;
  }

  Bytes data_;
  const std::filesystem::path& path_;
  std::string name_;
};

std::map<std::string, std::string> read_metadata(const SortedJson& value,
                                                 const std::filesystem::path& path) {
  std::map<std::string, std::string> out;
  if (!value.is_object()) throw FileError(path, "__metadata__ is no object");
  for (const auto& [key, text] : value.items()) {
    if (!text.is_string()) {
      throw FileError(path, fmt::format("__metadata__ {} is no string", quote(key)));
    }
    out.emplace(key, text.get_ref<const std::string&>());
  }
  return out;
}

/// Every byte of the data belongs to exactly one tensor.
void check_cover(const std::vector<Entry>& entries, std::uint64_t size,
                 const std::filesystem::path& path) {
  std::uint64_t end = 0;
  for (const Entry& entry : entries) {
    if (entry.begin != end) {
      throw FileError(path, fmt::format("tensor {}: begins at {}, but the one before ends at {}",
                                        quote(entry.record.name), entry.begin, end));
    }
    end = entry.end;
  }
  if (end != size) {
    throw FileError(path, fmt::format("has {} bytes of data, its tensors {}", size, end));
  }
}

std::string dump_header(const nlohmann::ordered_json& header, const std::filesystem::path& path) {
  try {
    return header.dump();
  } catch (const nlohmann::json::exception&) {
    throw FileError(path, "cannot hold names or metadata that are not UTF-8");
  }
}

}  // namespace

bool SafetensorsFile::is_safetensors(Bytes bytes) {
  return bytes.size() > 8 && bytes[8] == std::byte{'{'};
}

SafetensorsFile::SafetensorsFile(std::filesystem::path path) : file_(std::move(path)) {
  refuse_failed_download(file_.bytes(), file_.path());
  ByteReader reader(file_.bytes(), file_.path());
  const auto header_size = reader.read<std::uint64_t>();
  if (header_size > kLargestHeader || header_size > reader.remaining()) {
    throw FileError(file_.path(), fmt::format("is no safetensors file, or is cut short: its header "
                                              "would have {} bytes, {} are left",
                                              header_size, reader.remaining()));
  }
  const std::string_view header = as_text(reader.take(header_size));
  if (!header.starts_with('{')) throw FileError(file_.path(), "is no safetensors file");
  const SortedJson json = parse_header(header, file_.path());

  std::vector<Entry> entries;
  EntryReader entry_reader(reader.rest(), file_.path());
  for (const auto& [name, value] : json.items()) {
    if (name == kMetadata) {
      metadata_ = read_metadata(value, file_.path());
    } else {
      entries.push_back(entry_reader.read(name, value));
    }
  }
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::tie(a.begin, a.end, a.record.name) < std::tie(b.begin, b.end, b.record.name);
  });
  check_cover(entries, reader.remaining(), file_.path());
  for (Entry& entry : entries) tensors_.push_back(std::move(entry.record));
}

void write_safetensors(const std::filesystem::path& path, std::span<const TensorRecord> tensors,
                       const std::map<std::string, std::string>& metadata) {
  std::vector<std::size_t> order(tensors.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return byte_size(tensors[a].dtype) > byte_size(tensors[b].dtype);
  });
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header[std::string(kMetadata)] = metadata;
  std::set<std::string_view> names = {kMetadata};
  std::uint64_t end = 0;
  for (const std::size_t i : order) {
    const TensorRecord& tensor = tensors[i];
    if (tensor.name.empty() || !names.insert(tensor.name).second) {
      throw FileError(path, fmt::format("cannot hold a tensor named {}, or two of that name",
                                        quote(tensor.name)));
    }
    check_tensor(tensor, path);
    const std::uint64_t begin = end;
    end += storage_size(tensor.dtype, element_count(tensor));
    header[tensor.name] = {{"dtype", type_name(tensor.dtype)},
                           {"shape", tensor.shape},
                           {"data_offsets", {begin, end}}};
  }
  std::string text = dump_header(header, path);
  const std::size_t start = sizeof(std::uint64_t) + text.size();
  text.append((kAlignment - start % kAlignment) % kAlignment, ' ');

  AtomicFile file(path);
  const auto size = static_cast<std::uint64_t>(text.size());
  file.write(std::as_bytes(std::span(&size, 1)));
  file.write(text);
  for (const std::size_t i : order) {
    const TensorRecord& tensor = tensors[i];
    const std::size_t bytes = storage_size(tensor.dtype, element_count(tensor));
    if (is_contiguous(tensor)) {
      file.write(tensor.data.first(bytes));
    } else {
      std::vector<std::byte> dense(bytes);
      copy_elements(tensor, dense.data());
      file.write(dense);
    }
  }
  file.commit();
}

}  // namespace minillama
