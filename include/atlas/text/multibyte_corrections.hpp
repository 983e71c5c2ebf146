// SPDX-License-Identifier: Apache-2.0
// include/atlas/text/multibyte_corrections.hpp -- where the C library differs from the WHATWG Encoding Standard.
//
// Room:      numbers, nothing else.
// Source:    the standard's index-{gb18030,big5,jis0212}.txt (BSD-3-Clause for code), where glibc 2.36 gives another code point
//            or none: private characters and a space in GB18030, symbols, control pictures and characters that Hong Kong's set
//            has twice in Big5. A test goes over every pointer of the indexes.
// Depends:   core.
#ifndef ATLAS_TEXT_MULTIBYTE_CORRECTIONS_HPP
#define ATLAS_TEXT_MULTIBYTE_CORRECTIONS_HPP

#include <atlas/core/config.hpp>  // ATLAS_ABI

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// A cell, by the standard's pointer, and what stands in it.
struct table_correction {
  std::uint16_t pointer = 0;
  char16_t code_point = 0;
};

inline constexpr table_correction gb18030_corrections[7] = {
    {6555, 0x3000}, {23767, 0xE816}, {23768, 0xE817}, {23769, 0xE818}, {23794, 0xE831}, {23804, 0xE83B},
    {23830, 0xE855},
};
inline constexpr table_correction big5_corrections[142] = {
    {2082, 0x7BB8}, {2088, 0x7C06}, {2103, 0x7CCE}, {2114, 0x7DD2}, {2123, 0x7E1D}, {2148, 0x8005}, {2151, 0x8028},
    {2221, 0x83C1}, {2239, 0x84A8}, {2244, 0x840F}, {2303, 0x89A6}, {2304, 0x89A9}, {2354, 0x8D77}, {2400, 0x90FD},
    {2413, 0x92B9}, {2477, 0x975C}, {2498, 0x97FF}, {2605, 0x9F16}, {2673, 0x8503}, {2746, 0x5159}, {2747, 0x515B},
    {2748, 0x515D}, {2749, 0x515E}, {2771, 0x936E}, {2780, 0x7479}, {2990, 0x6D67}, {3087, 0x799B}, {3259, 0x9097},
    {3301, 0x975D}, {3436, 0x701E}, {3451, 0x5B28}, {4136, 0x7201}, {4138, 0x77D7}, {4141, 0x7E87}, {4182, 0x99D6},
    {4206, 0x91D4}, {4220, 0x60DE}, {4230, 0x6FB6}, {4241, 0x8F36}, {4258, 0x4FBB}, {4273, 0x71DF}, {4279, 0x9104},
    {4282, 0x9DF0}, {4294, 0x83CF}, {4329, 0x5C10}, {4330, 0x79E3}, {4349, 0x5A67}, {4419, 0x8F0B}, {4422, 0x7B51},
    {4494, 0x62D0}, {4624, 0x6062}, {4694, 0x75F9}, {4708, 0x6C4A}, {4742, 0x9B2E}, {4748, 0x9F17}, {4815, 0x50ED},
    {4828, 0x5F0C}, {4902, 0x880F}, {4922, 0x62CE}, {4982, 0x7468}, {4992, 0x7162}, {4997, 0x7250}, {5029, 0x2027},
    {5038, 0xFE51}, {5050, 0x2574}, {5120, 0x00AF}, {5121, 0xFFE3}, {5123, 0x02CD}, {5153, 0xFF5E}, {5168, 0x2295},
    {5169, 0x2299}, {5180, 0xFF0F}, {5181, 0xFF3C}, {5182, 0x2215}, {5183, 0xFE68}, {5185, 0xFFE5}, {5187, 0xFFE0},
    {5188, 0xFFE1}, {5287, 0x5341}, {5289, 0x5345}, {5432, 0x2400}, {5433, 0x2401}, {5434, 0x2402}, {5435, 0x2403},
    {5436, 0x2404}, {5437, 0x2405}, {5438, 0x2406}, {5439, 0x2407}, {5440, 0x2408}, {5441, 0x2409}, {5442, 0x240A},
    {5443, 0x240B}, {5444, 0x240C}, {5445, 0x240D}, {5446, 0x240E}, {5447, 0x240F}, {5448, 0x2410}, {5449, 0x2411},
    {5450, 0x2412}, {5451, 0x2413}, {5452, 0x2414}, {5453, 0x2415}, {5454, 0x2416}, {5455, 0x2417}, {5456, 0x2418},
    {5457, 0x2419}, {5458, 0x241A}, {5459, 0x241B}, {5460, 0x241C}, {5461, 0x241D}, {5462, 0x241E}, {5463, 0x241F},
    {5464, 0x2421}, {5465, 0x20AC}, {10942, 0x5EF4}, {10946, 0x65E0}, {10948, 0x7676}, {10950, 0x96B6}, {10957, 0x3003},
    {10958, 0x4EDD}, {19028, 0x5029}, {19035, 0x507D}, {19088, 0x5305}, {19096, 0x5344}, {19112, 0x537F},
    {19162, 0x5605}, {19240, 0x5A77}, {19299, 0x5E75}, {19305, 0x5ED0}, {19326, 0x5F58}, {19355, 0x60A4},
    {19398, 0x6490}, {19439, 0x6674}, {19454, 0x675E}, {19553, 0x6C9C}, {19554, 0x6E1D}, {19557, 0x6E2F},
    {19611, 0x716E}, {19643, 0x732A}, {19672, 0x745C}, {19697, 0x74E9}, {19748, 0x7809},
};
inline constexpr table_correction jis0212_corrections[1] = {
    {128, 0x00A6},
};

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_TEXT_MULTIBYTE_CORRECTIONS_HPP
