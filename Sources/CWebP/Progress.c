#define _GNU_SOURCE
#include "CWebP.h"

#include <dlfcn.h>
#include <stddef.h>
#include <webp/encode.h>

// libwebp asks a hook of the picture whether to go on. libvips 8.14 leaves it empty, and has no option for it
// (libvips/libvips#3333 came later): a large picture at effort 6 would be encoded to its end, seconds after its
// deadline. So the hook is put in here, where pictures are made: the dynamic linker takes a program's own function
// before a library's of the same name, for libvips and for libwebpmux, which encodes the frames of animations. Our own
// pictures (CWebP.c) get it the same way.
//
// WebPPictureInit is inline and calls this one; `version` is that of the encoder's ABI.

static int (*asked)(void) = NULL;

void cwebp_ask(int (*go_on)(void)) { asked = go_on; }

static int progress(int percent, const WebPPicture *picture) {
    (void)percent; (void)picture;
    return asked == NULL || asked();
}

__attribute__((visibility("default"))) int WebPPictureInitInternal(WebPPicture *picture, int version) {
    typedef int (*Initialiser)(WebPPicture *, int);
    static _Atomic(Initialiser) library = NULL;
    if (library == NULL) library = (Initialiser)dlsym(RTLD_NEXT, "WebPPictureInitInternal");
    Initialiser initialise = library;
    if (initialise == NULL || !initialise(picture, version)) return 0;
    if (picture != NULL) picture->progress_hook = progress;
    return 1;
}
