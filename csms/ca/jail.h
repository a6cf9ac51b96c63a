/*
 * Jail: what the process that reads the keys can do no more: reach a network, start a program, look
 * at other processes, leave a core. By system call filter, and by a network of its own without any
 * interface where the system lets us make one.
 */
#ifndef CSMS_CA_JAIL_H
#define CSMS_CA_JAIL_H

/* Shuts this process in; `how` says by what, for a person. -1: by nothing. */
int jail(char how[200]);

#endif
