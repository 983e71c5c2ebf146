// SPDX-License-Identifier: Apache-2.0
// tests/storage/vector_file_test.cpp -- mirrors include/atlas/storage/vector_file.hpp.
#include <atlas/storage/vector_file.hpp>

#include "support/scratch_folder.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

namespace {

template <class T>
std::string bytes_of(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}
std::string word(std::uint32_t value) { return {reinterpret_cast<const char*>(&value), sizeof value}; }

template <class T>
std::string vecs(std::uint32_t dimension, const std::vector<T>& values) {
  std::string out;
  for (std::size_t row = 0; row * dimension < values.size(); ++row) {
    out += word(dimension);
    out.append(reinterpret_cast<const char*>(values.data() + row * dimension), dimension * sizeof(T));
  }
  return out;
}
template <class T>
std::string bin(std::uint32_t rows, std::uint32_t dimension, const std::vector<T>& values) {
  return word(rows) + word(dimension) + bytes_of(values);
}
std::string npy(const std::string& dict, const std::string& data, int version = 1) {
  std::string out = "\x93NUMPY";
  out += static_cast<char>(version);
  out += '\0';
  if (version == 1) {
    out += static_cast<char>(dict.size() & 0xFF);
    out += static_cast<char>(dict.size() >> 8);
  } else {
    out += word(static_cast<std::uint32_t>(dict.size()));
  }
  return out + dict + data;
}
std::string dict(const std::string& descr, const std::string& shape) {
  return "{'descr': '" + descr + "', 'fortran_order': False, 'shape': " + shape + ", }   \n";
}

std::vector<float> all_floats(const atlas::vector_file& file) {
  std::vector<float> out(file.rows() * file.dimension());
  file.read_floats(0, file.rows(), out.data()).value();
  return out;
}

}  // namespace

TEST_SUITE("storage") {
  TEST_CASE("vector_file: every format gives the rows that were written") {
    const support::scratch_folder folder;
    const std::vector<float> floats = {1.0F, -2.5F, 3.25F, 0.0F, 1e30F, -1e-30F};
    const std::vector<std::uint8_t> bytes = {0, 1, 127, 128, 254, 255};
    const std::vector<std::int8_t> signed_bytes = {-128, -1, 0, 1, 2, 127};
    const std::vector<std::int32_t> ints = {-5, 0, 7, 1 << 20, 12, -1};
    const std::vector<std::uint16_t> halves = {0x3C00, 0xC000, 0x0001, 0x7BFF, 0x8000, 0x3555};
    struct expected {
      std::string name, content;
      atlas::vector_element element;
      std::vector<float> values;
    };
    const auto floats_of = [](const auto& values) {
      std::vector<float> out;
      for (const auto value : values) out.push_back(static_cast<float>(value));
      return out;
    };
    const std::vector<float> half_values = {1.0F, -2.0F, 0x1p-24F, 65504.0F, -0.0F, 0.333251953125F};
    const std::vector<expected> table = {
        {"a.fvecs", vecs(3, floats), atlas::vector_element::f32, floats},
        {"a.bvecs", vecs(3, bytes), atlas::vector_element::u8, floats_of(bytes)},
        {"a.ivecs", vecs(3, ints), atlas::vector_element::i32, floats_of(ints)},
        {"a.u8bin", bin(2, 3, bytes), atlas::vector_element::u8, floats_of(bytes)},
        {"a.i8bin", bin(2, 3, signed_bytes), atlas::vector_element::i8, floats_of(signed_bytes)},
        {"a.f16bin", bin(2, 3, halves), atlas::vector_element::f16, half_values},
        {"a.f32bin", bin(2, 3, floats), atlas::vector_element::f32, floats},
        {"a.FBIN", bin(2, 3, floats), atlas::vector_element::f32, floats},
        {"a.ibin", bin(2, 3, ints), atlas::vector_element::i32, floats_of(ints)},
        {"b.npy", npy(dict("<f4", "(2, 3)"), bytes_of(floats)), atlas::vector_element::f32, floats},
        {"c.npy", npy(dict("<f2", "(2, 3)"), bytes_of(halves), 2), atlas::vector_element::f16, half_values},
        {"d.npy", npy(dict("|u1", "(2L, 3L,)"), bytes_of(bytes), 3), atlas::vector_element::u8, floats_of(bytes)},
        {"e.npy", npy(dict("|i1", "(2,3)"), bytes_of(signed_bytes)), atlas::vector_element::i8,
         floats_of(signed_bytes)},
        {"f.npy", npy(dict("<i4", "(2, 3)"), bytes_of(ints)), atlas::vector_element::i32, floats_of(ints)},
        {"g.npy", npy(dict("<f8", "(2, 3)"), bytes_of(std::vector<double>(floats.begin(), floats.end()))),
         atlas::vector_element::f64, floats},
        {"h.npy", npy("{\"shape\":(2,3),\"fortran_order\":False,\"descr\":\"<f4\"}", bytes_of(floats)),
         atlas::vector_element::f32, floats}};
    for (const expected& want : table) {
      CAPTURE(want.name);
      const auto file = atlas::vector_file::open(folder.write(want.name, want.content).c_str());
      REQUIRE(file.ok());
      CHECK(file->rows() == 2);
      CHECK(file->dimension() == 3);
      CHECK(file->axes() == 2);
      CHECK(file->element() == want.element);
      CHECK(all_floats(*file) == want.values);
      std::vector<float> second(3);
      file->read_floats(1, 1, second.data()).value();
      CHECK(second == std::vector<float>(want.values.begin() + 3, want.values.end()));
    }
  }

  TEST_CASE("float_of_half: agrees with the definition for all 65,536 values") {
    for (unsigned half = 0; half < 65536; ++half) {
      const unsigned exponent = (half >> 10) & 31U;
      const unsigned fraction = half & 1023U;
      double want = exponent == 0    ? std::ldexp(fraction, -24)
                    : exponent == 31 ? std::numeric_limits<double>::infinity()
                                     : std::ldexp(1024 + fraction, static_cast<int>(exponent) - 25);
      if ((half & 0x8000U) != 0) want = -want;
      const float got = atlas::float_of_half(static_cast<std::uint16_t>(half));
      if (exponent == 31 && fraction != 0) {
        CHECK(std::isnan(got));
      } else {
        CHECK(static_cast<double>(got) == want);
        CHECK(std::signbit(got) == ((half & 0x8000U) != 0));
      }
    }
  }

  TEST_CASE("vector_file: NaN and infinity pass through, doubles beyond float become infinity") {
    const support::scratch_folder folder;
    const float infinity = std::numeric_limits<float>::infinity();
    const auto floats = atlas::vector_file::open(
        folder.write("a.fvecs", vecs<float>(2, {std::nanf(""), -infinity})).c_str());
    CHECK(std::isnan(all_floats(*floats)[0]));
    CHECK(all_floats(*floats)[1] == -infinity);
    const std::vector<double> wide = {1e300, -1e300, std::nan(""), 3.4028235677973366e38, 3.4028234663852886e38};
    const auto doubles = atlas::vector_file::open(
        folder.write("a.npy", npy(dict("<f8", "(1, 5)"), bytes_of(wide))).c_str());
    const std::vector<float> got = all_floats(*doubles);
    CHECK(got[0] == infinity);
    CHECK(got[1] == -infinity);
    CHECK(std::isnan(got[2]));
    CHECK(got[3] == infinity);
    CHECK(got[4] == std::numeric_limits<float>::max());
  }

  TEST_CASE("vector_file: a ground truth has ids and, when they are there, distances") {
    const support::scratch_folder folder;
    const std::vector<std::int32_t> ids = {5, 4, 3, 2};
    const std::vector<float> distances = {0.5F, 1.0F, 0.25F, 0.75F};
    const auto both = atlas::vector_file::open(
        folder.write("gt.ibin", bin(2, 2, ids) + bytes_of(distances)).c_str());
    REQUIRE(both.ok());
    REQUIRE(both->has_distances());
    std::vector<std::int64_t> got(4);
    both->read_integers(0, 2, got.data()).value();
    CHECK(got == std::vector<std::int64_t>{5, 4, 3, 2});
    std::vector<float> far(2);
    both->read_distances(1, 1, far.data());
    CHECK(far == std::vector<float>{0.25F, 0.75F});
    const auto alone = atlas::vector_file::open(folder.write("ids.ibin", bin(2, 2, ids)).c_str());
    REQUIRE(alone.ok());
    CHECK_FALSE(alone->has_distances());
    const auto cut = atlas::vector_file::open(
        folder.write("cut.ibin", bin(2, 2, ids) + bytes_of(distances).substr(0, 15)).c_str());
    CHECK(cut.error() == atlas::errc::corrupt_file);
  }

  TEST_CASE("vector_file: keys come from a .npy of one axis, and floats are no integers") {
    const support::scratch_folder folder;
    const std::vector<std::uint64_t> keys = {1, ~std::uint64_t{0} - 1};
    const auto file = atlas::vector_file::open(folder.write("k.npy", npy(dict("<u8", "(2,)"), bytes_of(keys))).c_str());
    REQUIRE(file.ok());
    CHECK(file->axes() == 1);
    CHECK(file->rows() == 2);
    CHECK(file->dimension() == 1);
    std::vector<std::int64_t> got(2);
    file->read_integers(0, 2, got.data()).value();
    CHECK(static_cast<std::uint64_t>(got[1]) == keys[1]);
    const auto floats = atlas::vector_file::open(folder.write("a.fvecs", vecs<float>(1, {1, 2})).c_str());
    got = {77, 77};
    CHECK(floats->read_integers(0, 2, got.data()).error() == atlas::errc::scalar_mismatch);
    CHECK(got == std::vector<std::int64_t>{77, 77});
  }

  TEST_CASE("vector_file: zero rows are a file, not an error") {
    const support::scratch_folder folder;
    const auto vecs_file = atlas::vector_file::open(folder.write("a.fvecs", "").c_str());
    REQUIRE(vecs_file.ok());
    CHECK(vecs_file->rows() == 0);
    const auto bin_file = atlas::vector_file::open(folder.write("a.f32bin", word(0) + word(8)).c_str());
    REQUIRE(bin_file.ok());
    CHECK(bin_file->dimension() == 8);
    const auto npy_file = atlas::vector_file::open(folder.write("a.npy", npy(dict("<f4", "(0, 8)"), "")).c_str());
    REQUIRE(npy_file.ok());
    CHECK(npy_file->rows() == 0);
    CHECK(npy_file->read_floats(0, 0, nullptr).ok());
  }

  TEST_CASE("vector_file: a row that says another dimension is named") {
    const support::scratch_folder folder;
    std::string content = vecs<float>(2, {1, 2, 3, 4, 5, 6});
    content[12] = 3;
    const auto file = atlas::vector_file::open(folder.write("a.fvecs", content).c_str());
    REQUIRE(file.ok());
    std::vector<float> out(6);
    const auto read = file->read_floats(0, 3, out.data());
    REQUIRE(read.error() == atlas::errc::corrupt_file);
    CHECK(read.error().row == 1);
    CHECK(read.error().expected == 2);
    CHECK(read.error().found == 3);
    CHECK(file->read_floats(2, 1, out.data()).ok());
  }

  TEST_CASE("vector_file: cut at every byte it is refused or holds whole rows only") {
    const support::scratch_folder folder;
    const std::string whole_vecs = vecs<float>(2, {1, 2, 3, 4});
    const std::string whole_bin = bin<float>(2, 2, {1, 2, 3, 4});
    const std::string whole_npy = npy(dict("<f4", "(2, 2)"), bytes_of<float>({1, 2, 3, 4}));
    for (std::size_t size = 0; size < whole_vecs.size(); ++size) {
      const auto file = atlas::vector_file::open(folder.write("a.fvecs", whole_vecs.substr(0, size)).c_str());
      CAPTURE(size);
      if (size % 12 == 0) {
        CHECK(file->rows() == size / 12);
      } else {
        CHECK(file.error() == atlas::errc::corrupt_file);
      }
    }
    for (std::size_t size = 0; size < whole_bin.size(); ++size) {
      const auto file = atlas::vector_file::open(folder.write("a.f32bin", whole_bin.substr(0, size)).c_str());
      CHECK(file.error() == atlas::errc::corrupt_file);
    }
    for (std::size_t size = 0; size < whole_npy.size(); ++size) {
      const auto file = atlas::vector_file::open(folder.write("a.npy", whole_npy.substr(0, size)).c_str());
      CHECK(file.error() == atlas::errc::corrupt_file);
    }
    CHECK(atlas::vector_file::open(folder.write("a.npy", whole_npy + "x").c_str()).error() ==
          atlas::errc::corrupt_file);
    CHECK(atlas::vector_file::open(folder.write("a.f32bin", whole_bin + "x").c_str()).error() ==
          atlas::errc::corrupt_file);
  }

  TEST_CASE("vector_file: lengths that overflow or promise more than the file holds are refused") {
    const support::scratch_folder folder;
    const auto refused = [&](const char* name, const std::string& content) {
      const auto file = atlas::vector_file::open(folder.write(name, content).c_str());
      REQUIRE_FALSE(file.ok());
      return file.error().code;
    };
    const std::uint32_t most = 0xFFFFFFFFU;
    CHECK(refused("a.f32bin", word(most) + word(most)) == atlas::errc::corrupt_file);
    CHECK(refused("a.f32bin", word(most) + word(0)) == atlas::errc::corrupt_file);
    CHECK(refused("a.u8bin", word(0x80000000U) + word(0x80000000U)) == atlas::errc::corrupt_file);
    CHECK(refused("a.ibin", word(0x80000000U) + word(0x80000000U)) == atlas::errc::corrupt_file);
    CHECK(refused("a.fvecs", word(most) + word(0)) == atlas::errc::corrupt_file);
    CHECK(refused("a.fvecs", word(0) + word(0)) == atlas::errc::corrupt_file);
    CHECK(refused("a.bvecs", word(0x7FFFFFFFU) + word(0)) == atlas::errc::corrupt_file);
    for (const char* shape : {"(4294967296, 4294967296)", "(9223372036854775808, 2)", "(1, 18446744073709551615)",
                              "(18446744073709551616, 1)", "(2, 0)", "(3, 3)"}) {
      CAPTURE(shape);
      CHECK(refused("a.npy", npy(dict("<f4", shape), bytes_of<float>({1, 2, 3, 4}))) == atlas::errc::corrupt_file);
    }
  }

  TEST_CASE("vector_file: a .npy that cannot be read says why") {
    const support::scratch_folder folder;
    const std::string data = bytes_of<float>({1, 2, 3, 4});
    const auto refused = [&](const std::string& content) {
      const auto file = atlas::vector_file::open(folder.write("a.npy", content).c_str());
      REQUIRE_FALSE(file.ok());
      return file.error().code;
    };
    CHECK(refused(npy(dict(">f4", "(2, 2)"), data)) == atlas::errc::wrong_byte_order);
    CHECK(refused(npy(dict("<c8", "(2, 1)"), data)) == atlas::errc::scalar_mismatch);
    CHECK(refused(npy(dict("|O", "(2, 1)"), data)) == atlas::errc::scalar_mismatch);
    CHECK(refused(npy("{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (4,)}", data)) ==
          atlas::errc::scalar_mismatch);
    CHECK(refused(npy("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 2)}", data)) ==
          atlas::errc::dimension_mismatch);
    CHECK(refused(npy(dict("<f4", "(2, 1, 2)"), data)) == atlas::errc::dimension_mismatch);
    CHECK(refused(npy(dict("<f4", "()"), data)) == atlas::errc::dimension_mismatch);
    CHECK(refused(npy(dict("<f4", "(2, 2)"), data, 4)) == atlas::errc::unsupported_version);
    CHECK(refused("\x94NUMPY" + npy(dict("<f4", "(2, 2)"), data).substr(6)) == atlas::errc::corrupt_file);
    for (const char* bad :
         {"", "{", "{}", "{'descr': '<f4'}", "{'descr': '<f4' 'shape': (2, 2)}", "{'descr: '<f4'}",
          "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2)} x",
          "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2, 2)}",
          "{'descr': '<f4', 'fortran_order': False, 'shape': (2 2)}",
          "{'descr': '<f4', 'fortran_order': False, 'shape': (-2, 2)}",
          "{'descr': '<f4', 'fortran_order': Maybe, 'shape': (2, 2)}",
          "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2", "{'other': 1}", "{'descr': '<f4\\'"}) {
      CAPTURE(bad);
      CHECK(refused(npy(bad, data)) == atlas::errc::corrupt_file);
    }
  }

  TEST_CASE("vector_file: random damage to a header never does more than fail") {
    const support::scratch_folder folder;
    std::mt19937 random(20);
    const std::string whole = npy(dict("<f4", "(2, 2)"), bytes_of<float>({1, 2, 3, 4}));
    for (int round = 0; round < 3000; ++round) {
      std::string damaged = whole;
      for (std::size_t flips = 1 + random() % 3; flips > 0; --flips) {
        damaged[random() % damaged.size()] = static_cast<char>(random());
      }
      const auto file = atlas::vector_file::open(folder.write("a.npy", damaged).c_str());
      if (!file.ok()) continue;
      CHECK(file->rows() * file->dimension() * size_bytes(file->element()) <= damaged.size());
      static_cast<void>(all_floats(*file));
    }
  }

  TEST_CASE("vector_file: missing, a folder, and an unknown ending are told apart") {
    const support::scratch_folder folder;
    CHECK(atlas::vector_file::open(folder.path("none.npy").c_str()).error() == atlas::errc::file_not_found);
    folder.write("sub.npy/x", "x");
    CHECK(atlas::vector_file::open(folder.path("sub.npy").c_str()).error() == atlas::errc::is_a_directory);
    CHECK(atlas::vector_file::open("vectors.csv").error() == atlas::errc::invalid_argument);
    CHECK(atlas::vector_file::open("npy").error() == atlas::errc::invalid_argument);
  }
}
