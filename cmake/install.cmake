# SPDX-License-Identifier: Apache-2.0
# What is installed, and what find_package(atlas CONFIG) and pkg-config read. Three components, each with its own
# exported targets: headers, kernels (atlas::kernels and atlas::atlas), c.
include(CMakePackageConfigHelpers)
set(atlas_cmake_folder ${CMAKE_INSTALL_LIBDIR}/cmake/atlas)

set_target_properties(atlas_headers PROPERTIES EXPORT_NAME headers)
set_target_properties(atlas_kernels PROPERTIES EXPORT_NAME kernels)
set_target_properties(atlas_atlas PROPERTIES EXPORT_NAME atlas)
install(DIRECTORY include/atlas DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT headers
  FILES_MATCHING PATTERN "*.hpp" PATTERN "*.ipp")
install(TARGETS atlas_headers EXPORT atlas-headers)
install(TARGETS atlas_kernels atlas_atlas EXPORT atlas-kernels
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT kernels)
set(atlas_components headers kernels)

if(TARGET atlas_c)
  set_target_properties(atlas_c PROPERTIES EXPORT_NAME c)
  install(TARGETS atlas_c EXPORT atlas-c
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT c NAMELINK_COMPONENT c)
  file(GLOB atlas_c_headers CONFIGURE_DEPENDS c_api/*.h)
  install(FILES ${atlas_c_headers} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT c)
  list(APPEND atlas_components c)
endif()

foreach(component ${atlas_components})
  install(EXPORT atlas-${component} NAMESPACE atlas:: FILE atlas-${component}.cmake
    DESTINATION ${atlas_cmake_folder} COMPONENT ${component})
endforeach()

# Before 1.0 a minor version may break its callers.
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/atlas-config-version.cmake
  COMPATIBILITY SameMinorVersion)
configure_package_config_file(cmake/atlas-config.cmake.in ${CMAKE_CURRENT_BINARY_DIR}/atlas-config.cmake
  INSTALL_DESTINATION ${atlas_cmake_folder} NO_SET_AND_CHECK_MACRO)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/atlas-config.cmake
  ${CMAKE_CURRENT_BINARY_DIR}/atlas-config-version.cmake cmake/atlas_dependencies.cmake
  DESTINATION ${atlas_cmake_folder} COMPONENT headers)

# --- pkg-config ---------------------------------------------------------------------------------------
# atlas (headers and kernels), atlas-headers, atlas-c. The name atlas-c is not libatlas: that is Debian's BLAS.
# Folders are relative to the .pc file, so that a moved prefix still works.
file(RELATIVE_PATH atlas_pc_prefix /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
if(IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}")
  set(atlas_pc_prefix ${CMAKE_INSTALL_PREFIX})
  set(atlas_pc_libdir ${CMAKE_INSTALL_LIBDIR})
else()
  set(atlas_pc_prefix "\${pcfiledir}/${atlas_pc_prefix}")
  set(atlas_pc_libdir "\${prefix}/${CMAKE_INSTALL_LIBDIR}")
endif()
if(IS_ABSOLUTE "${CMAKE_INSTALL_INCLUDEDIR}")
  set(atlas_pc_includedir ${CMAKE_INSTALL_INCLUDEDIR})
else()
  set(atlas_pc_includedir "\${prefix}/${CMAKE_INSTALL_INCLUDEDIR}")
endif()

# " -Ifolder" unless the compiler looks there anyway. The dependencies' own .pc files are not required: they would
# link libhwy and libxxhash, of which only the headers are used.
function(atlas_pc_include out target)
  get_target_property(folders ${target} INTERFACE_INCLUDE_DIRECTORIES)
  set(flags "")
  foreach(folder ${folders})
    if(NOT folder IN_LIST CMAKE_CXX_IMPLICIT_INCLUDE_DIRECTORIES)
      string(APPEND flags " -I${folder}")
    endif()
  endforeach()
  set(${out} "${flags}" PARENT_SCOPE)
endfunction()
atlas_pc_include(atlas_pc_xxhash atlas::xxhash)
atlas_pc_include(atlas_pc_highway atlas::highway)
if(NOT ATLAS_PC_libutf8proc_FOUND)
  set(atlas_pc_utf8proc_libs " -lutf8proc")
else()
  set(atlas_pc_utf8proc_module libutf8proc)
endif()

set(atlas_pc_files atlas atlas-headers)
if(TARGET atlas_c)
  list(APPEND atlas_pc_files atlas-c)
endif()
foreach(name ${atlas_pc_files})
  configure_file(cmake/${name}.pc.in ${CMAKE_CURRENT_BINARY_DIR}/${name}.pc @ONLY)
endforeach()
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/atlas.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT kernels)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/atlas-headers.pc
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT headers)
if(TARGET atlas_c)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/atlas-c.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT c)
endif()
