/* The code: what happened to it between the callback and the token request. */
#include "explain/rule.h"

const struct rule rules_code[] = {
	{NULL, NULL, false},
};
