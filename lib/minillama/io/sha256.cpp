#include "minillama/io/sha256.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <span>

#include <fmt/format.h>

namespace minillama {
namespace {

constexpr std::size_t kBlock = 64;  // bytes

using State = std::array<std::uint32_t, 8>;

/// FIPS 180-4, 4.2.2: the first 32 bits of the fractions of the cube roots of the first 64 primes.
constexpr std::array<std::uint32_t, 64> kRound = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

/// 5.3.3: the same of the square roots of the first eight.
constexpr State kInitial = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                            0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

/// 6.2.2: what one block makes of the state.
void add_block(State& state, std::span<const std::byte, kBlock> block) {
  using std::rotr;
  std::array<std::uint32_t, 64> schedule{};
  for (std::size_t i = 0; i < kBlock; ++i) {
    schedule[i / 4] = schedule[i / 4] << 8 | static_cast<std::uint32_t>(block[i]);
  }
  for (std::size_t t = 16; t < schedule.size(); ++t) {
    const std::uint32_t early = schedule[t - 15];
    const std::uint32_t late = schedule[t - 2];
    schedule[t] = schedule[t - 16] + (rotr(early, 7) ^ rotr(early, 18) ^ early >> 3) +
                  schedule[t - 7] + (rotr(late, 17) ^ rotr(late, 19) ^ late >> 10);
  }
  auto [a, b, c, d, e, f, g, h] = state;
  for (std::size_t t = 0; t < schedule.size(); ++t) {
    const std::uint32_t choice = (e & f) ^ (~e & g);
    const std::uint32_t majority = (a & b) ^ (a & c) ^ (b & c);
    const std::uint32_t first =
        h + (rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25)) + choice + kRound[t] + schedule[t];
    const std::uint32_t second = (rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22)) + majority;
    h = g;
    g = f;
    f = e;
    e = d + first;
    d = c;
    c = b;
    b = a;
    a = first + second;
  }
  const State after{a, b, c, d, e, f, g, h};
  for (std::size_t i = 0; i < state.size(); ++i) state[i] += after[i];
}

}  // namespace

std::string sha256(Bytes bytes) {
  State state = kInitial;
  Bytes rest = bytes;
  for (; rest.size() >= kBlock; rest = rest.subspan(kBlock)) add_block(state, rest.first<kBlock>());

  // 5.1.1: a one bit, zeros, and the number of bits at the end of the last block.
  constexpr std::size_t kLength = 8;
  std::array<std::byte, 2 * kBlock> tail{};
  std::ranges::copy(rest, tail.begin());
  tail[rest.size()] = std::byte{0x80};
  const std::size_t size = rest.size() + 1 + kLength <= kBlock ? kBlock : 2 * kBlock;
  const std::uint64_t bits = std::uint64_t{bytes.size()} * 8;
  for (std::size_t i = 0; i < kLength; ++i) {
    tail[size - 1 - i] = static_cast<std::byte>(bits >> 8 * i);
  }
  for (std::size_t at = 0; at < size; at += kBlock) {
    add_block(state, std::span(tail).subspan(at).first<kBlock>());
  }
  std::string digits;
  for (const std::uint32_t word : state) digits += fmt::format("{:08x}", word);
  return digits;
}

}  // namespace minillama
