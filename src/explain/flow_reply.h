/* Reading what a provider answered, in whatever shape: only explain needs to understand replies that
 * are wrong. */
#ifndef EXPLAIN_FLOW_REPLY_H
#define EXPLAIN_FLOW_REPLY_H

#include "explain/flow.h"

/* The reply of an event: JSON, a form, a redirect with an error, HTML, or nothing. The dialect, where
 * it is known, says where to look first. */
void flow_read_reply(const struct flow *flow, const struct pk_event *event, struct flow_reply *ret);

#define FLOW_JSON_PARAMS 32

/* The members of a JSON body as parameters; at most `max`. */
size_t flow_json_params(struct pk_arena *arena, struct pk_str body, struct flow_param *ret,
			size_t max);

#endif
