"""What a finished command read and made, remembered: when all is as it was, there is nothing to do."""
