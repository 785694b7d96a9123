/* Which halves of a flow stand in the capture so that something may be held against them. */
#ifndef EXPLAIN_SHOWN_H
#define EXPLAIN_SHOWN_H

#include "explain/flow.h"

/* The authorize request is there with its parameters. */
bool shown_authorize(const struct flow *flow);

/* The token request is there with its parameters, and redeems a code. */
bool shown_exchange(const struct flow *flow);

/* The code got its tokens: what failed is a refresh or a revocation after it. */
bool shown_exchanged(const struct flow *flow);

#endif
