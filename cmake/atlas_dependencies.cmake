# SPDX-License-Identifier: Apache-2.0
# Finds what the headers include and makes one imported target of each. Used by the build and, installed, by
# find_package(atlas). Each is looked for as a CMake package first, then by pkg-config, then by its header.
#
#   atlas::highway   the include path only: ATLAS detects the CPU itself and never links libhwy
#   atlas::xxhash    the include path only: core/hash.hpp inlines it
#   atlas::utf8proc  linked, by what includes text/normalise.hpp
find_package(Threads REQUIRED)

# A target of the wanted name that carries `include_folder` and, when given, links `library`.
function(atlas_imported_dependency name include_folder library)
  add_library(atlas::${name} INTERFACE IMPORTED GLOBAL)
  if(include_folder)
    set_property(TARGET atlas::${name} PROPERTY INTERFACE_INCLUDE_DIRECTORIES ${include_folder})
  endif()
  if(library)
    set_property(TARGET atlas::${name} PROPERTY INTERFACE_LINK_LIBRARIES ${library})
  endif()
endfunction()

# Where a header lies: as the CMake target says, else as pkg-config says, else where the compiler looks.
function(atlas_find_include_folder out header cmake_package cmake_target pkg_config_module)
  set(hints)
  find_package(${cmake_package} CONFIG QUIET)
  if(TARGET ${cmake_target})
    get_target_property(hints ${cmake_target} INTERFACE_INCLUDE_DIRECTORIES)
  else()
    find_package(PkgConfig QUIET)
    if(PkgConfig_FOUND)
      pkg_check_modules(ATLAS_PC_${pkg_config_module} QUIET ${pkg_config_module})
      set(hints ${ATLAS_PC_${pkg_config_module}_INCLUDE_DIRS})
    endif()
  endif()
  string(MAKE_C_IDENTIFIER "ATLAS_${pkg_config_module}_INCLUDE_DIR" cache_name)
  find_path(${cache_name} ${header} HINTS ${hints})
  mark_as_advanced(${cache_name})
  set(${out} ${${cache_name}} PARENT_SCOPE)
endfunction()

if(NOT TARGET atlas::highway)
  atlas_find_include_folder(atlas_folder hwy/highway.h hwy hwy::hwy libhwy)
  if(atlas_folder)
    atlas_imported_dependency(highway ${atlas_folder} "")
  endif()
endif()

if(NOT TARGET atlas::xxhash)
  atlas_find_include_folder(atlas_folder xxhash.h xxHash xxHash::xxhash libxxhash)
  if(atlas_folder)
    atlas_imported_dependency(xxhash ${atlas_folder} "")
  endif()
endif()

if(NOT TARGET atlas::utf8proc)
  find_package(utf8proc CONFIG QUIET)
  if(TARGET utf8proc::utf8proc)
    atlas_imported_dependency(utf8proc "" utf8proc::utf8proc)
  else()
    find_package(PkgConfig QUIET)
    if(PkgConfig_FOUND)
      pkg_check_modules(ATLAS_PC_libutf8proc QUIET libutf8proc)
    endif()
    find_path(ATLAS_libutf8proc_INCLUDE_DIR utf8proc.h HINTS ${ATLAS_PC_libutf8proc_INCLUDE_DIRS})
    find_library(ATLAS_libutf8proc_LIBRARY utf8proc HINTS ${ATLAS_PC_libutf8proc_LIBRARY_DIRS})
    mark_as_advanced(ATLAS_libutf8proc_INCLUDE_DIR ATLAS_libutf8proc_LIBRARY)
    if(ATLAS_libutf8proc_INCLUDE_DIR AND ATLAS_libutf8proc_LIBRARY)
      atlas_imported_dependency(utf8proc ${ATLAS_libutf8proc_INCLUDE_DIR} ${ATLAS_libutf8proc_LIBRARY})
    endif()
  endif()
endif()
unset(atlas_folder)

set(ATLAS_DEBIAN_PACKAGE_highway libhwy-dev)
set(ATLAS_DEBIAN_PACKAGE_xxhash libxxhash-dev)
set(ATLAS_DEBIAN_PACKAGE_utf8proc libutf8proc-dev)

# Ends the configuration with the Debian package's name when the dependency was not found.
function(atlas_require_dependency name)
  if(NOT TARGET atlas::${name})
    message(FATAL_ERROR "ATLAS needs ${name}, which was found neither as a CMake package, nor by pkg-config, nor "
      "by its header. On Debian and Ubuntu: apt-get install ${ATLAS_DEBIAN_PACKAGE_${name}}. "
      "Elsewhere: add its prefix to CMAKE_PREFIX_PATH.")
  endif()
endfunction()
