"""Every optimizer against an independent reference, written from the paper's formula."""
