"""Both Regions at a glance, for `antipode top`: who is asked, what is made of the answers, how it is drawn."""
