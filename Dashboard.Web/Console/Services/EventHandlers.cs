using Microsoft.AspNetCore.Components;

namespace Dashboard.Web.Console.Services;

/// <summary>Names the events that start.js makes for what it hears by: the compiler of pages looks for a class of this name.</summary>
[EventHandler("onrowact", typeof(RowActEventArgs), enableStopPropagation: false, enablePreventDefault: false)]
public static class EventHandlers;
