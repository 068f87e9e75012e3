# Warnings, the linker, the compiler cache and the precompiled header that every target shares.

set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1")
set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g1")
add_compile_options(-Wall -Wextra -Wconversion -Werror)
# Flow warnings that g++ 12 gives of std::string's own code once it is inlined (its bugs 105329, 105562, 105651). What they
# are for is found by AddressSanitizer in `make test-full`.
add_compile_options(
  "$<$<CONFIG:Release>:-Wno-array-bounds;-Wno-stringop-overflow;-Wno-stringop-overread;-Wno-restrict;-Wno-maybe-uninitialized>")
if(LAZURITE_SANITIZE)
  add_compile_options(-fsanitize=${LAZURITE_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${LAZURITE_SANITIZE})
  if(LAZURITE_SANITIZE MATCHES thread)
    # Asio's fences around what its own mutexes guard anyway; ThreadSanitizer does not know fences.
    add_compile_options(-Wno-tsan)
  endif()
endif()

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime
      ${CCACHE_PROGRAM})
endif()
find_program(MOLD_PROGRAM mold)
if(MOLD_PROGRAM)
  add_link_options(-fuse-ld=mold)
endif()

find_package(Threads REQUIRED)

# One precompiled header of standard library headers, built once and reused by every library.
file(WRITE ${CMAKE_BINARY_DIR}/pch/empty.cpp.in "// Holds the precompiled header.\n")
configure_file(${CMAKE_BINARY_DIR}/pch/empty.cpp.in ${CMAKE_BINARY_DIR}/pch/empty.cpp COPYONLY)
add_library(lazurite_pch STATIC ${CMAKE_BINARY_DIR}/pch/empty.cpp)
target_precompile_headers(lazurite_pch PRIVATE
  <algorithm> <array> <atomic> <charconv> <chrono> <condition_variable> <coroutine> <cstdint>
  <cstring> <deque> <exception> <functional> <map> <memory> <mutex> <optional> <set> <span>
  <string> <string_view> <thread> <tuple> <unordered_map> <utility> <variant> <vector>)
target_link_libraries(lazurite_pch PRIVATE Threads::Threads)
