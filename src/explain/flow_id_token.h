/* The ID token of a flow, read and not verified: whether there are keys, the rules see. */
#ifndef EXPLAIN_FLOW_ID_TOKEN_H
#define EXPLAIN_FLOW_ID_TOKEN_H

#include "explain/flow.h"

/* Of the last reply that gave one: to what was asked last, else to the exchange of the code. */
void flow_read_id_token(const struct flow *flow, struct flow_id_token *ret);

#endif
