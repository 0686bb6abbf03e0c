"""Filters, sorting and paging: from what a caller asks for to SQL."""
