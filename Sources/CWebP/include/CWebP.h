#ifndef CWEBP_H
#define CWEBP_H

// What libwebp's encoder needs to be told and libvips does not tell it.

/// Lets every encoding of this process ask, many times a picture and on whichever thread it runs, whether to go on. It
/// fails when the answer is 0. Call it before the first.
void cwebp_ask(int (*go_on)(void));

#endif
