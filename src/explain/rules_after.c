/* After the login: refresh and revocation. */
#include "explain/rule.h"

const struct rule rules_after[] = {
	{NULL, NULL, false},
};
