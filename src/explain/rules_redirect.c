/* The redirect URI, in both requests and against the provider's rules. */
#include "explain/rule.h"

const struct rule rules_redirect[] = {
	{NULL, NULL, false},
};
