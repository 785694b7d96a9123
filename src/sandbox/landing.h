/* The sandbox's own redirect URI, for who has no app yet: it shows what an app would have got. */
#ifndef SANDBOX_LANDING_H
#define SANDBOX_LANDING_H

#include "sandbox/check.h"

void landing_page(struct exchange *x);

#endif
