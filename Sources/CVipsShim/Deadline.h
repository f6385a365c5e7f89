#ifndef CVIPS_SHIM_DEADLINE_H
#define CVIPS_SHIM_DEADLINE_H

#include <vips/vips.h>

// How evaluations end at the moment that `cvips_set_deadline` named. Internal to the shim.

/// Lets evaluations of `image`, and of what is lazily made from it, give up once the deadline has passed. They fail
/// like any other then; `cvips_gave_up` tells why.
void cvips_watch(VipsImage *image);

#endif
