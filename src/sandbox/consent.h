/* Asking the person. */
#ifndef SANDBOX_CONSENT_H
#define SANDBOX_CONSENT_H

#include "sandbox/check.h"

/* Lets the request wait and answers with the consent page, `x->person` chosen beforehand. */
void consent_ask(struct exchange *x);

#endif
