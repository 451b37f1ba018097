#!/bin/bash
apt-get install --yes package-that-is-not-there
