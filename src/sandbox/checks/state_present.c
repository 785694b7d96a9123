/* A state of as many characters as the provider wants. RFC 6749 10.12 asks the client for it; some
 * providers see to it that it is there. */
#include "sandbox/check.h"

static bool run(struct exchange *x)
{
	const struct pk_str state = param(x, "state");

	if ((int64_t)state.len >= x->dialect->state_min)
		return true;
	if (state.len)
		x->fault = "state-too-weak";
	return false;
}

const struct check check_state_present = {
	.name = "state-present",
	.status = 400,
	.code = "invalid_request",
	.text = "The parameter state is missing, or too short to be unguessable.",
	.fault = "state-missing",
	.reference = "RFC 6749 10.12",
	.fix = "Send 128 random bits as state, new for each login.",
	.run = run,
};
