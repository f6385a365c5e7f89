#pragma once

/// Has the compiler write a function once for each kind of processor and the loader choose. All of them give the same
/// bits where a file also has `#pragma STDC FP_CONTRACT OFF`: else some would round a product and a sum together, once.
#if defined(__x86_64__) && defined(__linux__)
#define CPIXELS_VERSIONS __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CPIXELS_VERSIONS
#endif
