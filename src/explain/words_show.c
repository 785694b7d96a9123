/* The provider's words as evidence: where they stand, and whether they speak against a fault. */
#include "explain/rule.h"
#include "explain/words.h"

/* The event that the token reply answers. */
static const struct flow_part *asked(const struct flow *flow)
{
	return flow->revoke.event    ? &flow->revoke
	       : flow->refresh.event ? &flow->refresh
				     : &flow->token;
}

enum words words_show(const struct flow *flow, const char *fault, struct pk_finding *finding)
{
	const struct {
		const struct flow_reply *reply;
		const struct flow_part *part;
	} said[] = {
		{&flow->reply, asked(flow)},
		{&flow->callback_error, &flow->callback},
		{&flow->authorize_error, &flow->authorize},
	};

	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
		const struct flow alone = {.arena = flow->arena,
					   .capture = flow->capture,
					   .dialect = flow->dialect,
					   .reply = *said[i].reply};
		struct pk_str text = {0};
		const enum words words = words_on(&alone, fault, &text);

		if (words == WORDS_SILENT)
			continue;
		show(finding, said[i].part, "error", text, (struct pk_str){0});
		return words;
	}
	return WORDS_SILENT;
}

bool words_deny(const struct flow *flow, const char *fault)
{
	const struct pk_fault *other;

	if (words_on(flow, fault, NULL) != WORDS_SILENT)
		return false;
	for (size_t i = 0; (other = pk_fault_at(i)); i++)
		if (words_on(flow, other->id, NULL) != WORDS_SILENT)
			return true;
	return false;
}
