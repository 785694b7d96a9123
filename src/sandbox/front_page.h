/* The front page: what this sandbox is, and the providers that it plays. */
#ifndef SANDBOX_FRONT_PAGE_H
#define SANDBOX_FRONT_PAGE_H

#include "sandbox/check.h"

/* As page, or as JSON for who asks for it. */
void front_page(struct exchange *x);

#endif
