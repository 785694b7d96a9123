/* The token request as a piece of HTTP, and the reply to it. */
#include "explain/rule.h"

const struct rule rules_request[] = {
	{NULL, NULL, false},
};
