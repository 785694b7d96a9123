/*
 * The supervisor: starts the keeper and the fronts with exactly what each may know, restarts what
 * dies, hands out new connections between them, and takes the signals: SIGTERM and SIGINT finish
 * what is under way, SIGHUP reads the configuration again.
 */
#ifndef GATEWAY_SUPERVISOR_H
#define GATEWAY_SUPERVISOR_H

/* Runs until it is told to stop; gives the exit status. */
int supervisor_main(const char *config_file);

#endif
