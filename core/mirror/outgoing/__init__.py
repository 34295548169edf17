"""Events for other apps, told of once each change is made."""
