/* Origins: what browsers call the place that a page is from. */
#ifndef GATEWAY_ORIGIN_H
#define GATEWAY_ORIGIN_H

#include "proofkey.h"

/* Whether it is an http or https origin as browsers write it: "https://app.example.com", small
 * letters, a port only where it is not the scheme's own. */
bool origin_valid(struct pk_str text);

#endif
