#include "minillama/io/pickle.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/io/byte_reader.h"

namespace minillama {
namespace {

// clang-format off
/// The opcodes of protocols 2 to 5 (Lib/pickletools.py) that a pickler in binary mode writes.
enum Opcode : std::uint8_t {
  kProto = 0x80, kFrame = 0x95, kStop = '.',
  kNone = 'N', kNewTrue = 0x88, kNewFalse = 0x89,
  kBinInt = 'J', kBinInt1 = 'K', kBinInt2 = 'M', kLong1 = 0x8A, kLong4 = 0x8B, kBinFloat = 'G',
  kBinString = 'T', kShortBinString = 'U',
  kShortBinUnicode = 0x8C, kBinUnicode = 'X', kBinUnicode8 = 0x8D,
  kShortBinBytes = 'C', kBinBytes = 'B', kBinBytes8 = 0x8E, kByteArray8 = 0x96,
  kEmptyList = ']', kList = 'l', kAppend = 'a', kAppends = 'e',
  kEmptyTuple = ')', kTuple1 = 0x85, kTuple2 = 0x86, kTuple3 = 0x87, kTuple = 't',
  kEmptySet = 0x8F, kFrozenSet = 0x91, kAddItems = 0x90,
  kEmptyDict = '}', kDict = 'd', kSetItem = 's', kSetItems = 'u',
  kGlobal = 'c', kStackGlobal = 0x93,
  kReduce = 'R', kNewObj = 0x81, kNewObjEx = 0x92, kBuild = 'b', kBinPersid = 'Q',
  kMark = '(', kPop = '0', kPopMark = '1', kDup = '2',
  kBinPut = 'q', kLongBinPut = 'r', kMemoize = 0x94, kBinGet = 'h', kLongBinGet = 'j',
};
// clang-format on

constexpr std::uint8_t kHighestProtocol = 5;

/// The pickle machine: a stack of values with marks, a memo, and the arena that values live in.
class Machine {
 public:
  using Id = std::uint32_t;

  Machine(Bytes bytes, const std::filesystem::path& path, std::vector<PickleNode>& arena)
      : size_(bytes.size()), reader_(bytes, path), path_(path), arena_(arena) {
    arena_.emplace_back();  // the None that absent callables, arguments and states refer to
  }

  /// Executes everything up to STOP; returns the value on top.
  Id run() {
    for (;;) {
      offset_ = reader_.offset();
      opcode_ = reader_.read<std::uint8_t>();
      if (opcode_ == kStop) break;
      step();
    }
    if (stack_.size() != 1 || !marks_.empty()) fail("the stack does not hold just one value");
    if (reader_.remaining() != 0) fail(fmt::format("{} bytes follow", reader_.remaining()));
    return stack_.front();
  }

 private:
  [[noreturn]] void fail(std::string_view problem) const {
    throw FileError(
        path_, fmt::format("pickle opcode 0x{:02x} at byte {}: {}", opcode_, offset_, problem));
  }

  /// One line for each opcode.
  // clang-format off
  void step() {
    switch (opcode_) {
      case kProto: return check_protocol(reader_.read<std::uint8_t>());
      case kFrame: return check_frame(reader_.read<std::uint64_t>());

      case kNone: return push({});
      case kNewTrue: return push_boolean(true);
      case kNewFalse: return push_boolean(false);
      case kBinInt: return push_integer(reader_.read<std::int32_t>());
      case kBinInt1: return push_integer(reader_.read<std::uint8_t>());
      case kBinInt2: return push_integer(reader_.read<std::uint16_t>());
      case kLong1: return push_long(reader_.take(reader_.read<std::uint8_t>()));
      case kLong4: return push_long(reader_.take(reader_.read<std::uint32_t>()));
      case kBinFloat: return push_real(reader_.take(8));
      case kShortBinString:
      case kShortBinUnicode: return push_text<std::uint8_t>(PickleKind::string);
      case kBinString:
      case kBinUnicode: return push_text<std::uint32_t>(PickleKind::string);
      case kBinUnicode8: return push_text<std::uint64_t>(PickleKind::string);
      case kShortBinBytes: return push_text<std::uint8_t>(PickleKind::bytes);
      case kBinBytes: return push_text<std::uint32_t>(PickleKind::bytes);
      case kBinBytes8:
      case kByteArray8: return push_text<std::uint64_t>(PickleKind::bytes);

      case kEmptyList: return push(PickleKind::list, {});
      case kEmptyTuple: return push(PickleKind::tuple, {});
      case kEmptySet: return push(PickleKind::set, {});
      case kEmptyDict: return push(PickleKind::dict, {});
      case kTuple1: return push(PickleKind::tuple, pop(1));
      case kTuple2: return push(PickleKind::tuple, pop(2));
      case kTuple3: return push(PickleKind::tuple, pop(3));
      case kTuple: return push(PickleKind::tuple, pop_to_mark());
      case kList: return push(PickleKind::list, pop_to_mark());
      case kFrozenSet: return push(PickleKind::set, pop_to_mark());
      case kDict: return push(PickleKind::dict, checked_pairs(pop_to_mark()));
      case kAppend: return append(pop(1), PickleKind::list);
      case kAppends: return append(pop_to_mark(), PickleKind::list);
      case kAddItems: return append(pop_to_mark(), PickleKind::set);
      case kSetItem: return set_items(pop(2));
      case kSetItems: return set_items(pop_to_mark());

      case kGlobal: return push_global();
      case kStackGlobal: return stack_global(pop(2));
      case kReduce:
      case kNewObj: return call(pop(2));
      case kNewObjEx: return call(pop(3));
      case kBuild: return build(pop(1)[0]);
      case kBinPersid: return push(PickleKind::persistent, pop(1));

      case kMark: return marks_.push_back(stack_.size());
      case kPop: return pop_value_or_mark();
      case kPopMark: pop_to_mark(); return;
      case kDup: return stack_.push_back(top());
      case kBinPut: return put(reader_.read<std::uint8_t>());
      case kLongBinPut: return put(reader_.read<std::uint32_t>());
      case kMemoize: return put(memo_count_);
      case kBinGet: return get(reader_.read<std::uint8_t>());
      case kLongBinGet: return get(reader_.read<std::uint32_t>());
      default: fail("not supported");
    }
  }
  // clang-format on

  void check_protocol(std::uint8_t protocol) const {
    if (protocol < 2 || protocol > kHighestProtocol) {
      fail(fmt::format("protocol {}, must be 2 to {}", protocol, kHighestProtocol));
    }
  }

  void check_frame(std::uint64_t size) const {
    if (size > reader_.remaining()) {
      fail(fmt::format("frame of {} bytes, {} left", size, reader_.remaining()));
    }
  }

  // The stack. Nothing below the last mark can be reached before the mark is taken away.

  std::size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }

  Id top() const {
    if (stack_.size() <= floor()) fail("the stack is empty");
    return stack_.back();
  }

  std::vector<Id> pop(std::size_t count) {
    if (stack_.size() - floor() < count) fail("the stack is empty");
    return take_from(stack_.size() - count);
  }

  std::vector<Id> pop_to_mark() {
    if (marks_.empty()) fail("no mark on the stack");
    const std::size_t mark = marks_.back();
    marks_.pop_back();
    return take_from(mark);
  }

  std::vector<Id> take_from(std::size_t begin) {
    const auto first = stack_.begin() + static_cast<std::ptrdiff_t>(begin);
    std::vector<Id> values(first, stack_.end());
    stack_.erase(first, stack_.end());
    return values;
  }

  void pop_value_or_mark() {
    if (!marks_.empty() && stack_.size() == marks_.back()) {
      marks_.pop_back();
    } else {
      pop(1);
    }
  }

  // Values. Each opcode makes at most one, so their number is at most that of the bytes.

  void push(PickleNode node) {
    stack_.push_back(static_cast<Id>(arena_.size()));
    arena_.push_back(std::move(node));
  }

  void push(PickleKind kind, std::vector<Id> items) {
    push({.kind = kind, .items = std::move(items)});
  }

  void push_boolean(bool value) { push({.kind = PickleKind::boolean, .integer = value ? 1 : 0}); }

  void push_integer(std::int64_t value) { push({.kind = PickleKind::integer, .integer = value}); }

  /// A little-endian number in two's complement of as many bytes as it needs.
  void push_long(Bytes digits) {
    if (digits.size() > 8) return push({.kind = PickleKind::bytes, .text = as_text(digits)});
    const bool negative = !digits.empty() && (digits.back() & std::byte{0x80}) != std::byte{0};
    std::int64_t value = negative ? -1 : 0;
    if (!digits.empty()) std::memcpy(&value, digits.data(), digits.size());
    push_integer(value);
  }

  /// Floats are the one thing that is big-endian.
  void push_real(Bytes big_endian) {
    std::byte little_endian[8];
    std::reverse_copy(big_endian.begin(), big_endian.end(), little_endian);
    double value = 0;
    std::memcpy(&value, little_endian, sizeof(value));
    push({.kind = PickleKind::real, .real = value});
  }

  template <typename Length>
  void push_text(PickleKind kind) {
    push({.kind = kind, .text = as_text(reader_.take(reader_.read<Length>()))});
  }

  std::string_view read_line() {
    const std::string_view rest = as_text(reader_.rest());
    const std::size_t length = rest.find('\n');
    if (length == std::string_view::npos) fail("the line does not end");
    return as_text(reader_.take(length + 1)).substr(0, length);
  }

  void push_global() {
    const std::string_view module = read_line();
    const std::string_view name = read_line();
    push({.kind = PickleKind::global, .text = name, .module = module});
  }

  void stack_global(const std::vector<Id>& names) {
    for (const Id id : names) {
      if (arena_[id].kind != PickleKind::string) fail("a name is no string");
    }
    push({.kind = PickleKind::global,
          .text = arena_[names[1]].text,
          .module = arena_[names[0]].text});
  }

  /// REDUCE and NEWOBJ: callable, args. NEWOBJ_EX: callable, args, keywords (not kept).
  void call(const std::vector<Id>& parts) {
    if (arena_[parts[1]].kind != PickleKind::tuple) fail("the arguments are no tuple");
    push({.kind = PickleKind::object, .callable = parts[0], .args = parts[1]});
  }

  void build(Id state) {
    PickleNode& object = arena_[top()];
    if (object.kind != PickleKind::object) fail("only an object can have a state");
    object.state = state;
  }

  void append(const std::vector<Id>& values, PickleKind kind) {
    PickleNode& target = arena_[top()];
    if (target.kind == PickleKind::object) return;
    if (target.kind != kind) fail("the value below is of another kind");
    target.items.insert(target.items.end(), values.begin(), values.end());
  }

  std::vector<Id> checked_pairs(std::vector<Id> values) const {
    if (values.size() % 2 != 0) fail("a key without a value");
    return values;
  }

  void set_items(const std::vector<Id>& pairs) {
    checked_pairs(pairs);
    PickleNode& target = arena_[top()];
    if (target.kind != PickleKind::dict && target.kind != PickleKind::object) {
      fail("the value below is no dict");
    }
    target.items.insert(target.items.end(), pairs.begin(), pairs.end());
  }

  // The memo. Picklers number it from 0 without gaps, so a larger index than there are bytes is
  // damage; the limit keeps the table proportional to the file.

  void put(std::uint32_t index) {
    if (index >= size_) fail(fmt::format("memo index {} in a pickle of {} bytes", index, size_));
    if (index >= memo_.size()) memo_.resize(index + 1, kNothing);
    if (memo_[index] == kNothing) ++memo_count_;
    memo_[index] = top();
  }

  void get(std::uint32_t index) {
    if (index >= memo_.size() || memo_[index] == kNothing) {
      fail(fmt::format("nothing in the memo under {}", index));
    }
    stack_.push_back(memo_[index]);
  }

  static constexpr Id kNothing = std::numeric_limits<Id>::max();

  std::uint64_t size_;
  ByteReader reader_;
  const std::filesystem::path& path_;
  std::vector<PickleNode>& arena_;
  std::vector<Id> stack_;
  std::vector<std::size_t> marks_;
  std::vector<Id> memo_;
  std::uint32_t memo_count_ = 0;
  std::uint64_t offset_ = 0;  ///< of the opcode being executed
  std::uint8_t opcode_ = 0;
};

}  // namespace

Pickle::Pickle(Bytes bytes, const std::filesystem::path& path) {
  // A byte can make a value of about a hundred. Tensors lie outside the pickle, so that those of
  // checkpoints have some kilobytes.
  constexpr std::size_t kMaxSize = std::size_t{64} << 20;
  if (bytes.size() > kMaxSize) {
    throw FileError(path, fmt::format("pickle of {} bytes, at most {}", bytes.size(), kMaxSize));
  }
  root_ = Machine(bytes, path, arena_).run();
}

}  // namespace minillama
